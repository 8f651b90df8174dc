// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_await.hpp"

#include "orchestrator/claim_binding.hpp"
#include "orchestrator/workload_gone.hpp"
#include "orchestrator/workload_target.hpp"
#include "orchestrator/workload_wait.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <set>

namespace ksail {

using manifests::Object;
using Until = WorkloadAwaitOptions::Until;

namespace {

/// One call of await_objects().
class AwaitRun {
public:
  AwaitRun(kubernetes::Client &client, asio::any_io_executor ex, std::vector<Object> objects,
           WorkloadAwaitOptions options, timing::Recorder &timing, std::function<void(const AwaitedObject &)> on_object)
      : client_(client), objects_(std::move(objects)), options_(std::move(options)), timing_(timing),
        on_object_(std::move(on_object)), deadline_(Deadline::after(options_.timeout)), claims_(client),
        ready_(client, ex, deadline_, options_.timeout), gone_(client, ex, deadline_), awaited_(objects_.size()) {
    if (options_.default_namespace.empty()) options_.default_namespace = client_.access().default_namespace;
    std::map<std::pair<std::string, std::string>, std::set<std::string>> namespaces;
    for (const auto &object : objects_) {
      const std::string ns = object.ns.empty() ? options_.default_namespace : object.ns;
      namespaces[{object.api_version, object.kind}].insert(ns);
      ready_.expect(object.kind, ns, object.name);
      ready_.expect(object.kind, "", object.name); // should it be cluster-scoped
    }
    for (const auto &[kind, in] : namespaces)
      if (in.size() > namespaces_per_watch) wide_.insert(kind);
  }

  asio::awaitable<Result<std::vector<AwaitedObject>>> run();

private:
  asio::awaitable<Result<void>> one(std::size_t i);
  asio::awaitable<Result<void>> wait(const Object &object);
  asio::awaitable<Result<void>> wait_ready(const Object &object, WorkloadTarget target);

  kubernetes::Client &client_;
  std::vector<Object> objects_;
  WorkloadAwaitOptions options_;
  timing::Recorder &timing_;
  std::function<void(const AwaitedObject &)> on_object_;
  Deadline deadline_;
  ClaimBinding claims_;
  ReadinessWatch ready_;
  GoneWatch gone_;
  std::set<std::pair<std::string, std::string>> wide_; ///< (apiVersion, kind) in many namespaces
  std::vector<AwaitedObject> awaited_;
};

asio::awaitable<Result<void>> AwaitRun::wait_ready(const Object &object, WorkloadTarget target) {
  ReadinessWatch::Wanted wanted;
  wanted.info = target.info;
  wanted.ns = target.ns;
  wanted.name = target.name;
  wanted.title = target.title;
  wanted.wide = wide_.contains({object.api_version, object.kind});
  if (options_.until == Until::condition) {
    wanted.hints.condition = options_.condition;
    wanted.hints.condition_status = options_.status;
  } else if (target.info.kind == "PersistentVolumeClaim" && target.info.group.empty()) {
    auto claim = co_await client_.get(target.path(), deadline_);
    if (claim) wanted.hints.claim_waits_for_pod = co_await claims_.waits_for_pod(*claim, deadline_);
  }
  Result<void> waited = co_await ready_.wait(std::move(wanted));
  co_return waited;
}

asio::awaitable<Result<void>> AwaitRun::wait(const Object &object) {
  if (object.name.empty())
    co_return Error(Code::invalid_argument, object.describe() + ": it has no name, only a generateName");
  auto target = co_await find_target(client_, object, options_.default_namespace, deadline_);
  if (!target) {
    // Of a kind that the server does not have, everything is gone.
    const bool is_gone = options_.until == Until::gone && target.error().code == Code::not_found;
    if (is_gone) co_return Result<void>();
    co_return target.error();
  }
  if (options_.until == Until::gone) {
    Result<void> gone = co_await gone_.wait(*target, std::string());
    if (!gone && gone.error().code == Code::deadline_exceeded)
      co_return Error(Code::deadline_exceeded, target->title + " is still there",
                      "kubectl get " + target->kubectl_words() + " -o yaml");
    co_return gone;
  }
  Result<void> ready = co_await wait_ready(object, *target);
  co_return ready;
}

asio::awaitable<Result<void>> AwaitRun::one(std::size_t i) {
  const auto started = Clock::now();
  AwaitedObject &awaited = awaited_[i];
  awaited.object = objects_[i].describe();
  timing::Scope span(timing_, "ready", awaited.object);
  Result<void> waited = co_await wait(objects_[i]);
  awaited.seconds = std::chrono::duration<double>(Clock::now() - started).count();
  if (!waited) {
    span.fail();
    if (waited.error().code == Code::cancelled) co_return waited.error();
    awaited.error = waited.error();
  }
  if (on_object_) on_object_(awaited);
  co_return Result<void>();
}

asio::awaitable<Result<std::vector<AwaitedObject>>> AwaitRun::run() {
  // One small question before hundreds: is the server there, does it know us?
  auto known =
      co_await request_patiently(client_, "GET", "/api/v1/namespaces?limit=1", std::string(), std::string(), deadline_);
  if (!known && known.error().code != Code::permission_denied) co_return known.error();
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (std::size_t i = 0; i < objects_.size(); ++i)
    work.push_back([this, i] { return one(i); });
  Result<void> done = co_await run_all(std::move(work), ForEachOptions());
  if (!done) co_return done.error();
  co_return std::move(awaited_);
}

} // namespace

asio::awaitable<Result<std::vector<AwaitedObject>>>
await_objects(kubernetes::Client &client, std::vector<Object> objects, WorkloadAwaitOptions options,
              timing::Recorder &timing, std::function<void(const AwaitedObject &)> on_object) {
  const auto executor = co_await asio::this_coro::executor;
  auto run = std::make_unique<AwaitRun>(client, executor, std::move(objects), std::move(options), timing,
                                        std::move(on_object));
  auto awaited = co_await run->run();
  co_return std::move(awaited);
}

} // namespace ksail
