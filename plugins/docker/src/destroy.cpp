// SPDX-License-Identifier: Apache-2.0
// destroy: everything of a cluster that carries its label, found by asking, whoever made it and however that ended.
//
// A creation that was cut off (its process killed, its answer lost) may still be going on inside the engine: its
// container is not listed yet, but the labelled volume that is being filled for it is, and cannot be removed. So after
// a round that found anything there is another look, until nothing is left.
#include "answer_member.hpp"
#include "engine_error.hpp"
#include "labels.hpp"
#include "node_view.hpp"
#include "nodes.hpp"
#include "request_body.hpp"
#include "verbs.hpp"

#include <map>
#include <set>

namespace ksail::docker {

namespace {

using nlohmann::json;
using Work = std::vector<std::function<asio::awaitable<Result<void>>()>>;

struct Found {
  json containers = json::array();
  json volumes = json::array();
  json networks = json::array();
  bool empty() const { return containers.empty() && volumes.empty() && networks.empty(); }
};

/// The named volumes that an entry of the container list holds.
std::vector<std::string> volumes_of(const json &entry) {
  std::vector<std::string> names;
  const auto mounts = entry.find("Mounts");
  if (mounts == entry.end() || !mounts->is_array()) return names;
  for (const auto &mount : *mounts)
    if (std::string name = text(mount, "Name"); !name.empty()) names.push_back(std::move(name));
  return names;
}

class Destruction {
public:
  Destruction(Verbs &verbs, Context &context, std::string cluster, json labels, std::vector<std::string> only)
      : verbs_(verbs), context_(context), cluster_(std::move(cluster)), labels_(std::move(labels)),
        only_(only.begin(), only.end()) {}
  VerbResult run();

private:
  asio::awaitable<Result<Found>> look();
  asio::awaitable<Result<void>> list(std::string target, json &into, const char *member);
  asio::awaitable<Result<void>> remove_all(const Found &found);
  asio::awaitable<Result<void>> kill_container(std::string id, std::string name);
  asio::awaitable<Result<void>> remove_container(std::string id, std::string name);
  asio::awaitable<Result<void>> remove_node(std::string id, std::string name, std::vector<std::string> volumes);
  asio::awaitable<Result<void>> wait_until_gone(std::string id, std::string name);
  asio::awaitable<Result<void>> remove_volume(std::string name);
  asio::awaitable<Result<void>> remove_network(std::string id, std::string name);
  asio::awaitable<Result<bool>> detach_others(std::string id, std::string name);
  bool asked_for(const json &container) const;
  void removed(const char *kind, const std::string &name);
  Reply reply() const;

  Verbs &verbs_;
  Context &context_;
  std::string cluster_;
  json labels_;
  std::set<std::string> only_; ///< nodes, with the volumes that are theirs alone; empty: everything
  std::set<std::string> nodes_, volumes_, networks_; ///< removed ones; an object may be met in two rounds
  std::set<std::string> spared_;                     ///< networks that another creation uses
};

/// Whether a container of the cluster carries the labels of the request; one that does not belongs to another creation.
bool Destruction::asked_for(const json &container) const {
  const json labels = container.value("Labels", json::object());
  for (const auto &[key, value] : labels_.items())
    if (labels.value(key, json()) != value) return false;
  return true;
}

void Destruction::removed(const char *kind, const std::string &name) {
  context_.event(json{{"event", "removed"}, {"kind", kind}, {"name", name}});
}

asio::awaitable<Result<void>> Destruction::list(std::string target, json &into, const char *member) {
  co_await asio::this_coro::throw_if_cancelled(false);
  EngineCall call("GET", std::move(target), "list what belongs to cluster '" + cluster_ + "'");
  auto answer = co_await verbs_.engine.require_json(std::move(call), context_.deadline());
  if (!answer) co_return answer.error();
  const json *entries = &*answer;
  if (*member) entries = answer->is_object() && answer->contains(member) ? &(*answer)[member] : nullptr;
  if (entries && entries->is_array()) into = *entries; // the engine writes null for no volumes
  co_return Result<void>();
}

asio::awaitable<Result<Found>> Destruction::look() {
  const std::string filter = label_filter(cluster_, labels_);
  Found found;
  if (!only_.empty()) {
    auto listed = co_await list("/containers/json?all=1&filters=" + filter, found.containers, "");
    if (!listed) co_return listed.error();
    std::erase_if(found.containers.get_ref<json::array_t &>(),
                  [&](const json &entry) { return !only_.contains(entry_name(entry)); });
    co_return found;
  }
  Work work;
  work.push_back([&] { return list("/containers/json?all=1&filters=" + filter, found.containers, ""); });
  work.push_back([&] { return list("/volumes?filters=" + filter, found.volumes, "Volumes"); });
  work.push_back([&] { return list("/networks?filters=" + filter, found.networks, ""); });
  ForEachOptions at_once;
  auto listed = co_await run_all(std::move(work), at_once);
  if (!listed) co_return listed.error();
  // A node of another creation that is not started yet does not hold the network it will need.
  if (!labels_.empty() && !found.networks.empty()) {
    auto everyone = co_await list_containers(verbs_.engine, cluster_, json::object(), context_.deadline());
    if (!everyone) co_return everyone.error();
    for (const auto &entry : *everyone)
      if (!asked_for(entry))
        for (const auto &network : found.networks)
          spared_.insert(text(network, "Id"));
  }
  std::erase_if(found.networks.get_ref<json::array_t &>(),
                [&](const json &network) { return spared_.contains(text(network, "Id")); });
  co_return found;
}

asio::awaitable<Result<void>> Destruction::wait_until_gone(std::string id, std::string name) {
  auto pause = std::chrono::milliseconds(20);
  for (;;) {
    EngineCall call("GET", "/containers/" + id + "/json", "see whether node " + name + " is gone");
    auto answer = co_await verbs_.engine.send(std::move(call), context_.deadline());
    if (!answer) co_return answer.error();
    if (answer->status == 404) co_return Result<void>();
    const bool waited = co_await sleep_for(pause);
    if (!waited) co_return Error(Code::cancelled, "removing node " + name + " was cancelled");
    if (context_.deadline().passed())
      co_return Error(Code::deadline_exceeded,
                      "cannot remove node " + name + ": the engine has been at it for too long");
    pause = std::min(pause * 2, std::chrono::milliseconds(500));
  }
}

asio::awaitable<Result<void>> Destruction::kill_container(std::string id, std::string name) {
  co_await asio::this_coro::throw_if_cancelled(false);
  EngineCall call("POST", "/containers/" + id + "/kill", "kill node " + name);
  auto answer = co_await verbs_.engine.send(std::move(call), context_.deadline());
  // Whether it was running, or there, does not matter: removing it tells.
  if (!answer) co_return answer.error();
  co_return Result<void>();
}

asio::awaitable<Result<void>> Destruction::remove_container(std::string id, std::string name) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const std::string what = "remove node " + name;
  EngineCall call("DELETE", "/containers/" + id + "?force=1&v=1", what);
  call.repeatable = true;
  auto answer = co_await verbs_.engine.send(std::move(call), context_.deadline());
  if (!answer) co_return answer.error();
  if (answer->status == 409) { // somebody else is removing it
    auto gone = co_await wait_until_gone(id, name);
    if (!gone) co_return gone.error();
  } else if (answer->status >= 400 && answer->status != 404)
    co_return engine_error(what, answer->status, answer->body);
  if (nodes_.insert(id).second) removed("node", name);
  co_return Result<void>();
}

/// A node and the volumes that only it holds: they need not wait for the other nodes.
asio::awaitable<Result<void>> Destruction::remove_node(std::string id, std::string name,
                                                       std::vector<std::string> volumes) {
  auto gone = co_await remove_container(std::move(id), std::move(name));
  if (!gone) co_return gone;
  for (auto &volume : volumes) {
    auto removed = co_await remove_volume(std::move(volume));
    if (!removed) co_return removed;
  }
  co_return Result<void>();
}

asio::awaitable<Result<void>> Destruction::remove_volume(std::string name) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const std::string what = "remove volume " + name;
  EngineCall call("DELETE", "/volumes/" + http::encode_component(name) + "?force=1", what);
  call.repeatable = true;
  auto answer = co_await verbs_.engine.send(std::move(call), context_.deadline());
  if (!answer) co_return answer.error();
  if (answer->status >= 400 && answer->status != 404) co_return engine_error(what, answer->status, answer->body);
  if (volumes_.insert(name).second) removed("volume", name);
  co_return Result<void>();
}

/// Takes containers that are not of this cluster off its network. False when nodes of this cluster still use it; when
/// one of them was not asked for, another creation goes on and the network is spared.
asio::awaitable<Result<bool>> Destruction::detach_others(std::string id, std::string name) {
  const json filter = {{"network", {id}}};
  EngineCall call("GET", "/containers/json?all=1&filters=" + http::encode_component(filter.dump()),
                  "see what uses network " + name);
  auto users = co_await verbs_.engine.require_json(std::move(call), context_.deadline());
  if (!users) co_return users.error();
  bool ours = false;
  for (const auto &user : *users) {
    if (text(user.value("Labels", json::object()), cluster_label) != cluster_) continue;
    ours = true;
    // A node that was asked for is only not gone yet, e.g. because the engine was starting it once more.
    if (!asked_for(user)) spared_.insert(id);
  }
  if (ours) co_return false;
  for (const auto &user : *users) {
    const json body = {{"Container", text(user, "Id")}, {"Force", true}};
    const std::string what = "take container " + entry_name(user) + " off network " + name;
    EngineCall detach("POST", "/networks/" + id + "/disconnect", what, body);
    auto answer = co_await verbs_.engine.send(std::move(detach), context_.deadline());
    if (!answer) co_return answer.error();
    // Already off it, or gone: the next attempt to remove the network tells.
  }
  co_return true;
}

asio::awaitable<Result<void>> Destruction::remove_network(std::string id, std::string name) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const std::string what = "remove network " + name;
  auto pause = std::chrono::milliseconds(20);
  for (int attempt = 0;; ++attempt) {
    EngineCall call("DELETE", "/networks/" + id, what);
    call.repeatable = true;
    auto answer = co_await verbs_.engine.send(std::move(call), context_.deadline());
    if (!answer) co_return answer.error();
    if (answer->status < 400 || answer->status == 404) break;
    const bool in_use = engine_message(answer->body).find("active endpoints") != std::string::npos;
    if (!in_use || attempt == 8) co_return engine_error(what, answer->status, answer->body);
    auto detached = co_await detach_others(id, name);
    if (!detached) co_return detached.error();
    if (!*detached) co_return Result<void>(); // the next round sees to it, unless it is spared
    const bool waited = co_await sleep_for(pause);
    if (!waited) co_return Error(Code::cancelled, "removing network " + name + " was cancelled");
    pause = std::min(pause * 2, std::chrono::milliseconds(500));
  }
  if (networks_.insert(id).second) removed("network", name);
  co_return Result<void>();
}

asio::awaitable<Result<void>> Destruction::remove_all(const Found &found) {
  ForEachOptions to_the_end;
  to_the_end.stop_on_failure = false;
  // A dead node has left its network, which can then go while the engine still clears away the node's files.
  Work dying;
  for (const auto &entry : found.containers)
    if (text(entry, "State") == "running" || text(entry, "State") == "restarting")
      dying.push_back([this, id = text(entry, "Id"), name = entry_name(entry)] { return kill_container(id, name); });
  auto killed = co_await run_all(std::move(dying), to_the_end);
  if (!killed && killed.error().code == Code::cancelled) co_return killed.error();
  std::map<std::string, int> holders; // of the volumes to remove
  for (const auto &volume : found.volumes)
    holders.emplace(text(volume, "Name"), 0);
  for (const auto &entry : found.containers)
    for (const auto &volume : volumes_of(entry))
      if (const auto held = holders.find(volume); held != holders.end()) ++held->second;
  Work going;
  for (const auto &entry : found.containers) {
    std::vector<std::string> own = volumes_of(entry);
    std::erase_if(own, [&](const std::string &volume) { return !holders.contains(volume) || holders[volume] != 1; });
    for (const auto &volume : own)
      holders.erase(volume);
    going.push_back(
        [this, id = text(entry, "Id"), name = entry_name(entry), own] { return remove_node(id, name, own); });
  }
  for (const auto &entry : found.networks)
    going.push_back([this, id = text(entry, "Id"), name = text(entry, "Name")] { return remove_network(id, name); });
  auto nodes_gone = co_await run_all(std::move(going), to_the_end);
  // Those of several nodes, or of none any more.
  Work rest;
  for (const auto &[volume, count] : holders)
    rest.push_back([this, name = volume] { return remove_volume(name); });
  auto rest_gone = co_await run_all(std::move(rest), to_the_end);
  if (nodes_gone) co_return rest_gone;
  if (rest_gone) co_return nodes_gone;
  Error both = nodes_gone.error();
  Error more = rest_gone.error();
  both.causes.push_back(more);
  for (auto &cause : more.causes)
    both.causes.push_back(std::move(cause));
  co_return both;
}

Reply Destruction::reply() const {
  Reply reply;
  reply.body["removed"] = {{"nodes", nodes_.size()}, {"volumes", volumes_.size()}, {"networks", networks_.size()}};
  return reply;
}

VerbResult Destruction::run() {
  // Of this process's own creations the end is known; the rest is found out by looking again.
  co_await verbs_.creations.settle(cluster_, context_.deadline().min(Deadline::after(std::chrono::seconds(60))));
  verbs_.ids.forget_cluster(cluster_);
  auto pause = std::chrono::milliseconds(50);
  const Deadline patience = Deadline::after(std::chrono::seconds(90));
  for (;;) {
    auto found = co_await look();
    if (!found) co_return found.error();
    if (found->empty()) co_return reply();
    auto gone = co_await remove_all(*found);
    if (gone) continue;
    const Error error = gone.error();
    if (error.code == Code::cancelled || error.code == Code::deadline_exceeded ||
        error.code == Code::permission_denied || (error.code == Code::unavailable && !error.retryable) ||
        patience.passed() || context_.deadline().passed())
      co_return error;
    const bool waited = co_await sleep_for(pause);
    if (!waited) co_return Error(Code::cancelled, "removing cluster '" + cluster_ + "' was cancelled");
    pause = std::min(pause * 2, std::chrono::milliseconds(1000));
  }
}

} // namespace

VerbResult destroy(Verbs &verbs, Request request, Context &context) {
  auto cluster = required_cluster(request);
  if (!cluster) co_return cluster.error();
  auto labels = optional_labels(request, "labels");
  if (!labels) co_return labels.error();
  auto only = optional_texts(request, "nodes");
  if (!only) co_return only.error();
  Destruction destruction(verbs, context, *cluster, *labels, std::move(*only));
  auto reply = co_await destruction.run();
  co_return std::move(reply);
}

} // namespace ksail::docker
