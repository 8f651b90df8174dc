// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_status.hpp"

#include "kubernetes/known_kinds.hpp"
#include "orchestrator/workload_target.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace ksail {

using manifests::Object;
using nlohmann::json;

namespace {

constexpr std::size_t namespaces_per_kind = 3; ///< beyond, one list over all namespaces is cheaper

struct KindName {
  std::string_view api_version, kind;
};
/// What owns pods, or is owned on the way to them.
constexpr std::array owned = {KindName{"v1", "Pod"}, KindName{"apps/v1", "ReplicaSet"}, KindName{"batch/v1", "Job"}};
constexpr std::array shown = {KindName{"apps/v1", "Deployment"},
                              KindName{"apps/v1", "StatefulSet"},
                              KindName{"apps/v1", "DaemonSet"},
                              KindName{"batch/v1", "CronJob"},
                              KindName{"v1", "Service"},
                              KindName{"v1", "PersistentVolumeClaim"},
                              KindName{"networking.k8s.io/v1", "Ingress"}};

bool may_own_pods(const kubernetes::ResourceInfo &info) {
  // Custom resources often own Deployments' ReplicaSets only in the second degree: their pods would hang in the air.
  static constexpr std::array<std::string_view, 7> kinds{
      "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "ReplicationController"};
  return std::find(kinds.begin(), kinds.end(), info.kind) != kinds.end();
}

/// One call of workload_status().
class StatusRun {
public:
  StatusRun(kubernetes::Client &client, asio::any_io_executor ex, std::vector<Object> objects,
            WorkloadStatusOptions options)
      : client_(client), objects_(std::move(objects)), options_(std::move(options)),
        deadline_(options_.follow ? Deadline::never() : Deadline::after(options_.timeout)), news_(ex), executor_(ex) {
    if (options_.default_namespace.empty()) options_.default_namespace = client_.access().default_namespace;
  }

  asio::awaitable<Result<std::vector<StatusNode>>> run();

private:
  asio::awaitable<Result<void>> find_targets();
  void add_namespace(const std::string &ns, bool everything);
  asio::awaitable<Result<void>> read(std::string collection);
  asio::awaitable<Result<void>> tell();
  std::vector<StatusNode> tree() const { return objects_.empty() ? board_.whole() : board_.tree(wanted_); }

  kubernetes::Client &client_;
  std::vector<Object> objects_;
  WorkloadStatusOptions options_;
  Deadline deadline_;
  StatusBoard board_;
  std::vector<StatusBoard::Wanted> wanted_;
  std::set<std::string> collections_;
  std::size_t reading_ = 0; ///< collections whose first list is not complete yet
  Event news_;
  asio::any_io_executor executor_;
};

void StatusRun::add_namespace(const std::string &ns, bool everything) {
  const auto add = [&](const KindName &name) {
    if (const auto info = kubernetes::known_kind(name.api_version, name.kind))
      collections_.insert(kubernetes::Client::collection_path(*info, ns));
  };
  std::for_each(owned.begin(), owned.end(), add);
  if (everything) std::for_each(shown.begin(), shown.end(), add);
}

asio::awaitable<Result<void>> StatusRun::find_targets() {
  if (objects_.empty()) {
    add_namespace(options_.all_namespaces ? std::string() : options_.default_namespace, true);
    co_return Result<void>();
  }
  std::vector<std::optional<WorkloadTarget>> targets;
  std::map<std::string, std::set<std::string>> namespaces; // by the kind's collection without one
  std::set<std::string> with_pods;
  for (const auto &object : objects_) {
    auto target = co_await find_target(client_, object, options_.default_namespace, deadline_);
    if (!target && target.error().code != Code::not_found) co_return target.error();
    StatusBoard::Wanted wanted;
    wanted.title = object.describe();
    if (target) {
      wanted.ns = target->ns;
      wanted.name = target->name;
      wanted.title = target->title;
      namespaces[kubernetes::Client::collection_path(target->info, "")].insert(target->ns);
      if (may_own_pods(target->info)) with_pods.insert(target->ns);
      targets.emplace_back(*target);
    } else {
      wanted.why = target.error().message;
      targets.emplace_back(std::nullopt);
    }
    wanted_.push_back(std::move(wanted));
  }
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!targets[i]) continue;
    const bool wide =
        namespaces[kubernetes::Client::collection_path(targets[i]->info, "")].size() > namespaces_per_kind;
    wanted_[i].collection = kubernetes::Client::collection_path(targets[i]->info, wide ? "" : targets[i]->ns);
    collections_.insert(wanted_[i].collection);
  }
  if (with_pods.size() > namespaces_per_kind) with_pods = {std::string()};
  for (const auto &ns : with_pods)
    add_namespace(ns, false);
  co_return Result<void>();
}

asio::awaitable<Result<void>> StatusRun::read(std::string collection) {
  bool synced = false;
  std::function<bool(std::string_view, const json &)> on_state = [&](std::string_view type, const json &object) {
    if (type == "SYNCED") {
      synced = true;
      --reading_;
    } else {
      board_.changed(collection, type, object);
    }
    if (reading_ == 0) news_.set();
    return synced && !options_.follow;
  };
  Result<void> watched = co_await client_.watch(collection, std::string(), std::move(on_state), deadline_);
  if (watched) co_return Result<void>();
  if (!synced) --reading_;
  const Code code = watched.error().code;
  if (code != Code::permission_denied && code != Code::not_found) co_return watched.error();
  board_.unreadable(collection, watched.error().message);
  news_.set();
  co_return Result<void>();
}

asio::awaitable<Result<void>> StatusRun::tell() {
  for (;;) {
    const bool told = co_await news_.wait();
    if (!told) co_return Error(Code::cancelled, "cancelled while watching");
    news_ = Event(executor_);
    if (reading_ > 0) continue;
    options_.follow(tree());
  }
}

asio::awaitable<Result<std::vector<StatusNode>>> StatusRun::run() {
  auto known = co_await request_patiently(client_, "GET", "/api/v1/namespaces?limit=1", std::string(), std::string(),
                                          deadline_.min(Deadline::after(options_.timeout)));
  if (!known && known.error().code != Code::permission_denied) co_return known.error();
  Result<void> found = co_await find_targets();
  if (!found) co_return found.error();
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  reading_ = collections_.size();
  for (const auto &collection : collections_)
    work.push_back([this, collection] { return read(collection); });
  if (options_.follow) work.push_back([this] { return tell(); });
  if (reading_ == 0) news_.set();
  Result<void> done = co_await run_all(std::move(work), ForEachOptions());
  if (!done) co_return done.error();
  co_return tree();
}

} // namespace

asio::awaitable<Result<std::vector<StatusNode>>>
workload_status(kubernetes::Client &client, std::vector<Object> objects, WorkloadStatusOptions options) {
  const auto executor = co_await asio::this_coro::executor;
  auto run = std::make_unique<StatusRun>(client, executor, std::move(objects), std::move(options));
  auto nodes = co_await run->run();
  co_return std::move(nodes);
}

} // namespace ksail
