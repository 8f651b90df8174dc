// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/node_drain.hpp"

#include "orchestrator/backoff.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace ksail {

namespace {

using nlohmann::json;
using Work = std::vector<std::function<asio::awaitable<Result<void>>()>>;

std::string text(const json &object, const char *pointer) {
  const json::json_pointer place(pointer);
  return object.contains(place) && object[place].is_string() ? object[place].get<std::string>() : std::string();
}

json items_of(const json &list) {
  const auto items = list.find("items");
  return items != list.end() && items->is_array() ? *items : json(json::array());
}

/// Mirror pods are the node's own; pods of a DaemonSet would come back to it at once.
bool belongs_to_node(const json &pod) {
  if (pod.contains(json::json_pointer("/metadata/annotations/kubernetes.io~1config.mirror"))) return true;
  for (const auto &owner : pod.value(json::json_pointer("/metadata/ownerReferences"), json::array()))
    if (owner.value("controller", false) && owner.value("kind", std::string()) == "DaemonSet") return true;
  return false;
}

bool is_controlled(const json &pod) {
  for (const auto &owner : pod.value(json::json_pointer("/metadata/ownerReferences"), json::array()))
    if (owner.value("controller", false)) return true;
  return false;
}

bool has_ended(const json &pod) {
  const std::string phase = text(pod, "/status/phase");
  return phase == "Succeeded" || phase == "Failed";
}

/// The one node that a volume can be used on, or nothing.
std::string node_of_volume(const json &volume) {
  const json terms = volume.value(json::json_pointer("/spec/nodeAffinity/required/nodeSelectorTerms"), json::array());
  for (const auto &term : terms)
    for (const auto &match : term.value("matchExpressions", json::array())) {
      const json values = match.value("values", json::array());
      if (match.value("key", std::string()) == "kubernetes.io/hostname" &&
          match.value("operator", std::string()) == "In" && values.size() == 1 && values[0].is_string())
        return values[0].get<std::string>();
    }
  return {};
}

/// Kept apart from the pods themselves: eviction is asked again until a budget allows it.
class Drain {
public:
  Drain(kubernetes::Client &client, DrainPlan plan, std::function<void(std::size_t, std::size_t)> on_change,
        Deadline deadline)
      : client_(client), plan_(std::move(plan)), on_change_(std::move(on_change)), deadline_(deadline) {
    for (const auto &pod : plan_.evicted)
      waiting_[pod.uid] = pod.ns + "/" + pod.name;
  }

  asio::awaitable<Result<void>> run() {
    const auto total = waiting_.size();
    if (total == 0) co_return Result<void>();
    Work work;
    for (const auto &pod : plan_.evicted)
      work.push_back([this, &pod] { return evict(pod); });
    ForEachOptions few;
    few.limit = 16;
    auto evicted = co_await run_all(std::move(work), few);
    if (!evicted) co_return evicted.error();
    co_return co_await wait_until_gone(total);
  }

private:
  asio::awaitable<Result<void>> evict(const DrainPlan::Pod &pod) {
    json body = {{"apiVersion", "policy/v1"},
                 {"kind", "Eviction"},
                 {"metadata", {{"name", pod.name}, {"namespace", pod.ns}}},
                 {"deleteOptions", {{"preconditions", {{"uid", pod.uid}}}}}};
    const std::string path = "/api/v1/namespaces/" + pod.ns + "/pods/" + pod.name + "/eviction";
    const std::string shown = pod.ns + "/" + pod.name;
    std::function<asio::awaitable<Result<void>>()> attempt = [&]() -> asio::awaitable<Result<void>> {
      auto evicted = co_await client_.create(path, body, deadline_);
      if (evicted || evicted.error().code == Code::not_found) co_return Result<void>();
      Error error = evicted.error();
      // Replaced by another of the same name meanwhile: the one that was meant is gone.
      if (error.code == Code::already_exists || error.code == Code::aborted) co_return Result<void>();
      if (error.code == Code::resource_exhausted) error.retryable = true; // a budget does not allow it yet
      co_return error;
    };
    auto result = co_await with_retry<void>(attempt, nullptr, Backoff(random_jitter()), deadline_);
    if (result) co_return result;
    Error error = result.error();
    if (error.code == Code::resource_exhausted || error.code == Code::deadline_exceeded)
      co_return Error(Code::failed_precondition,
                      "pod " + shown + " cannot be moved away from node " + pod.node + ": " + error.message,
                      "a PodDisruptionBudget wants it to stay: run more replicas, or --force removes the node "
                      "without asking");
    co_return error;
  }

  asio::awaitable<Result<void>> wait_until_gone(std::size_t total) {
    std::set<std::string> seen;
    const auto on_state = [&](std::string_view type, const json &object) {
      const std::string uid = text(object, "/metadata/uid");
      if (type == "SYNCED") // those that the first list did not show are gone already
        std::erase_if(waiting_, [&](const auto &entry) { return !seen.contains(entry.first); });
      else if (type == "DELETED" || has_ended(object))
        waiting_.erase(uid);
      else
        seen.insert(uid);
      if (on_change_) on_change_(total - waiting_.size(), total);
      return waiting_.empty();
    };
    Result<void> watched = co_await client_.watch("/api/v1/pods", "", on_state, deadline_);
    if (watched || watched.error().code != Code::deadline_exceeded) co_return watched;
    Error error(Code::deadline_exceeded, "pods did not end in time:");
    for (const auto &[uid, name] : waiting_)
      error.message += " " + name;
    error.hint = "finalizers or a long grace period hold them; --force removes the node without asking";
    co_return error;
  }

  kubernetes::Client &client_;
  DrainPlan plan_;
  std::function<void(std::size_t, std::size_t)> on_change_;
  Deadline deadline_;
  std::map<std::string, std::string> waiting_; ///< uid -> name
};

} // namespace

DrainPlan plan_drain(const std::vector<std::string> &nodes, const json &pods, const json &volumes) {
  DrainPlan plan;
  const auto leaves = [&](const std::string &node) {
    return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
  };
  for (const auto &pod : items_of(pods)) {
    const std::string node = text(pod, "/spec/nodeName");
    if (!leaves(node) || belongs_to_node(pod) || has_ended(pod)) continue;
    DrainPlan::Pod entry{text(pod, "/metadata/namespace"), text(pod, "/metadata/name"), node,
                         text(pod, "/metadata/uid")};
    if (!is_controlled(pod)) plan.lost_pods.push_back(entry.ns + "/" + entry.name + " on " + node);
    plan.evicted.push_back(std::move(entry));
  }
  for (const auto &volume : items_of(volumes)) {
    const std::string node = node_of_volume(volume);
    if (!leaves(node) || text(volume, "/spec/claimRef/name").empty()) continue;
    plan.lost_volumes.push_back(text(volume, "/spec/claimRef/namespace") + "/" + text(volume, "/spec/claimRef/name") +
                                " on " + node);
  }
  return plan;
}

asio::awaitable<Result<DrainPlan>> plan_drain(kubernetes::Client &client, std::vector<std::string> nodes,
                                              Deadline deadline) {
  Result<json> pods = json(), volumes = json();
  Work both;
  both.push_back([&]() -> asio::awaitable<Result<void>> {
    pods = co_await client.get("/api/v1/pods", deadline);
    co_return pods ? Result<void>() : Result<void>(pods.error());
  });
  both.push_back([&]() -> asio::awaitable<Result<void>> {
    volumes = co_await client.get("/api/v1/persistentvolumes", deadline);
    co_return volumes ? Result<void>() : Result<void>(volumes.error());
  });
  ForEachOptions at_once;
  Result<void> asked = co_await run_all(std::move(both), at_once);
  if (!asked) co_return asked.error();
  co_return plan_drain(nodes, *pods, *volumes);
}

asio::awaitable<Result<void>> cordon(kubernetes::Client &client, std::string node, bool off, Deadline deadline) {
  json body = {{"spec", {{"unschedulable", off}}}};
  auto patched = co_await client.patch("/api/v1/nodes/" + node, "application/merge-patch+json", std::move(body),
                                       deadline);
  // A node that never registered has nothing to protect.
  if (!patched && patched.error().code != Code::not_found) co_return patched.error();
  co_return Result<void>();
}

asio::awaitable<Result<void>> drain(kubernetes::Client &client, DrainPlan plan,
                                    std::function<void(std::size_t gone, std::size_t total)> on_change,
                                    Deadline deadline) {
  Drain work(client, std::move(plan), std::move(on_change), deadline);
  auto drained = co_await work.run();
  co_return drained;
}

} // namespace ksail
