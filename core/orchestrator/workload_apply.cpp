// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/backoff.hpp"
#include "orchestrator/workload.hpp"
#include "orchestrator/workload_body.hpp"
#include "orchestrator/workload_order.hpp"
#include "orchestrator/workload_pace.hpp"
#include "orchestrator/workload_retry.hpp"
#include "orchestrator/workload_wait.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>

namespace ksail {

using manifests::Object;
using nlohmann::json;
using Need = ApplyStep::Need;

namespace {

constexpr std::size_t namespaces_per_watch = 3; ///< beyond, one watch over all namespaces is cheaper

std::string effect_word(kubernetes::ApplyEffect effect) {
  switch (effect) {
  case kubernetes::ApplyEffect::created:
    return "created";
  case kubernetes::ApplyEffect::configured:
    return "configured";
  default:
    return "unchanged";
  }
}

std::string text(const json &object, const char *key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

json field(const json &object, const char *key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found != object.end() ? *found : json();
}

/// One call of apply_objects().
class ApplyRun {
public:
  ApplyRun(kubernetes::Client &client, asio::any_io_executor ex, std::vector<Object> objects,
           WorkloadApplyOptions options, timing::Recorder &timing,
           std::function<void(const ObjectOutcome &)> on_object);

  asio::awaitable<Result<WorkloadReport>> run();

private:
  struct Progress {
    explicit Progress(const asio::any_io_executor &ex) : tried(ex), ended(ex) {}
    Event tried; ///< applied, or given up
    Event ended; ///< and if it had to become ready, that has been decided too
    bool applied = false;
    bool ready = false;
    std::optional<Clock::time_point> started; ///< when it had its first turn: waiting in line is not its own time
  };
  struct Gate {
    explicit Gate(const asio::any_io_executor &ex) : open(ex) {}
    std::size_t members = 0;
    Event open;
  };
  struct Applied {
    std::string effect;
    kubernetes::ResourceInfo info;
    std::string ns, name;
    json answer;
  };

  void plan_waiting();
  bool must_be_ready(std::size_t i) const { return !options_.dry_run && (options_.wait || awaited_.contains(i)); }
  asio::awaitable<Result<void>> one(std::size_t i);
  /// False: cancelled. Sets `skip` when the object must not be applied.
  asio::awaitable<bool> dependencies(std::size_t i, std::optional<Error> &skip);
  asio::awaitable<Result<Applied>> apply_patiently(std::size_t i);
  asio::awaitable<Result<Applied>> apply_once(std::size_t i);
  asio::awaitable<Result<Applied>> create_generated(std::size_t i, Applied applied);
  asio::awaitable<Result<void>> wait_ready(std::size_t i, const Applied &applied);
  asio::awaitable<bool> claim_waits_for_pod(json claim);
  void tried(std::size_t i);
  void finish(std::size_t i, std::string effect, std::optional<Error> error);
  RepeatContext repeat_context(std::size_t i) const;
  void skip_unless_checkable(std::size_t on, std::size_t i, std::optional<Error> &skip) const;

  kubernetes::Client &client_;
  asio::any_io_executor executor_;
  std::vector<Object> objects_;
  WorkloadApplyOptions options_;
  timing::Recorder &timing_;
  std::function<void(const ObjectOutcome &)> on_object_;
  Deadline deadline_;
  ApplyOrder order_;
  std::vector<Progress> progress_;
  std::vector<Gate> gates_;
  std::vector<ObjectOutcome> outcomes_;
  std::set<std::size_t> awaited_;                      ///< others depend on their readiness
  std::set<std::pair<std::string, std::string>> wide_; ///< (apiVersion, kind) in many namespaces
  std::optional<ReadinessWatch> watch_;
  Pace pace_;
  std::optional<json> storage_classes_;
  std::set<std::size_t> not_started_; ///< of those that were waiting for their turn then
  std::string first_failure_;         ///< with fail_fast: why nothing more is started
};

ApplyRun::ApplyRun(kubernetes::Client &client, asio::any_io_executor ex, std::vector<Object> objects,
                   WorkloadApplyOptions options, timing::Recorder &timing,
                   std::function<void(const ObjectOutcome &)> on_object)
    : client_(client), executor_(std::move(ex)), objects_(std::move(objects)), options_(std::move(options)),
      timing_(timing), on_object_(std::move(on_object)), deadline_(Deadline::after(options_.timeout)),
      pace_(executor_, options_.concurrency) {
  if (options_.default_namespace.empty()) options_.default_namespace = client_.access().default_namespace;
  order_ = order_objects(objects_, options_.default_namespace);
  outcomes_.resize(objects_.size());
  progress_.reserve(objects_.size());
  for (std::size_t i = 0; i < objects_.size(); ++i)
    progress_.emplace_back(executor_);
  gates_.reserve(order_.gate_members.size());
  for (const auto members : order_.gate_members) {
    Gate &gate = gates_.emplace_back(executor_);
    gate.members = members;
    if (members == 0) gate.open.set();
  }
}

void ApplyRun::plan_waiting() {
  for (const auto &step : order_.steps)
    for (const auto &edge : step.after)
      if (edge.need == Need::ready) awaited_.insert(edge.on);
  watch_.emplace(client_, executor_, deadline_, options_.timeout);
  std::map<std::pair<std::string, std::string>, std::set<std::string>> namespaces;
  for (std::size_t i = 0; i < objects_.size(); ++i) {
    if (!must_be_ready(i)) continue;
    const Object &object = objects_[i];
    const std::string ns = object.ns.empty() ? options_.default_namespace : object.ns;
    namespaces[{object.api_version, object.kind}].insert(ns);
    watch_->expect(object.kind, ns, object.name);
    watch_->expect(object.kind, "", object.name); // should it be cluster-scoped
  }
  for (const auto &[kind, in] : namespaces)
    if (in.size() > namespaces_per_watch) wide_.insert(kind);
}

RepeatContext ApplyRun::repeat_context(std::size_t i) const {
  RepeatContext context;
  context.waiting = options_.wait;
  for (const auto &edge : order_.steps[i].after) {
    if (objects_[edge.on].kind == "Namespace") context.namespace_in_set = true;
    if (objects_[edge.on].kind == "CustomResourceDefinition") context.definition_in_set = true;
    if (objects_[edge.on].kind == "APIService") context.definition_in_set = true;
  }
  return context;
}

void ApplyRun::skip_unless_checkable(std::size_t on, std::size_t i, std::optional<Error> &skip) const {
  if (!options_.dry_run || outcomes_[on].effect != "created") return;
  const std::string &kind = objects_[on].kind;
  if (kind != "Namespace" && kind != "CustomResourceDefinition") return;
  skip = Error(Code::failed_precondition, objects_[i].describe() + ": the server cannot check it before " +
                                              objects_[on].describe() + " really exists");
}

asio::awaitable<bool> ApplyRun::dependencies(std::size_t i, std::optional<Error> &skip) {
  const ApplyStep &step = order_.steps[i];
  for (const auto &edge : step.after) {
    Progress &on = progress_[edge.on];
    const bool told = co_await (edge.need == Need::ready ? on.ended.wait() : on.tried.wait());
    if (!told) co_return false;
    const Progress &other = progress_[edge.on];
    const bool met = edge.need == Need::ended || (edge.need == Need::applied && other.applied) ||
                     (edge.need == Need::ready && other.applied && (other.ready || options_.dry_run));
    const auto &error = outcomes_[edge.on].error;
    // Whoever may not write Namespaces can still write into one that is there.
    const bool may_exist = objects_[edge.on].kind == "Namespace" && error && error->code == Code::permission_denied;
    if (!met && !may_exist && !skip)
      skip = Error(Code::failed_precondition, objects_[i].describe() + ": not applied, because " +
                                                  objects_[edge.on].describe() +
                                                  (other.applied ? " did not become ready" : " could not be applied"));
    if (!skip) skip_unless_checkable(edge.on, i, skip);
  }
  for (const auto gate : step.behind_gates) {
    const bool told = co_await gates_[gate].open.wait();
    if (!told) co_return false;
  }
  co_return true;
}

/// Lets those go on that only need it to be in the cluster.
void ApplyRun::tried(std::size_t i) {
  if (progress_[i].tried.is_set()) return;
  progress_[i].tried.set();
  for (const auto gate : order_.steps[i].in_gates)
    if (--gates_[gate].members == 0) gates_[gate].open.set();
}

void ApplyRun::finish(std::size_t i, std::string effect, std::optional<Error> error) {
  ObjectOutcome &outcome = outcomes_[i];
  outcome.object = objects_[i].describe();
  outcome.effect = std::move(effect);
  if (const auto started = progress_[i].started)
    outcome.seconds = std::chrono::duration<double>(Clock::now() - *started).count();
  outcome.error = std::move(error);
  if (outcome.effect == "failed" && options_.fail_fast && first_failure_.empty()) first_failure_ = outcome.object;
  tried(i);
  progress_[i].ended.set();
  if (on_object_) on_object_(outcome);
}

asio::awaitable<Result<void>> ApplyRun::one(std::size_t i) {
  std::optional<Error> skip;
  const bool told = co_await dependencies(i, skip);
  if (!told) co_return Error(Code::cancelled, "cancelled before " + objects_[i].describe() + " was applied");
  const std::string title = objects_[i].describe();
  if (order_.steps[i].refused) {
    finish(i, "failed", order_.steps[i].refused);
    co_return Result<void>();
  }
  if (!skip && !first_failure_.empty())
    skip = Error(Code::cancelled, title + ": not applied, because " + first_failure_ + " failed");
  if (skip) {
    finish(i, "skipped", std::move(skip));
    co_return Result<void>();
  }
  std::optional<Applied> applied;
  {
    timing::Scope span(timing_, "apply", title);
    auto tried = co_await apply_patiently(i);
    if (!tried) {
      span.fail();
      if (tried.error().code == Code::cancelled) co_return tried.error();
      finish(i, not_started_.contains(i) ? "skipped" : "failed", tried.error());
      co_return Result<void>();
    }
    applied = std::move(*tried);
  }
  progress_[i].applied = true;
  outcomes_[i].effect = applied->effect; // what others may ask before this one has ended
  tried(i);
  if (objects_[i].kind == "CustomResourceDefinition") client_.forget_discovery();
  if (must_be_ready(i)) {
    timing::Scope span(timing_, "ready", title);
    Result<void> ready = co_await wait_ready(i, *applied);
    if (!ready) {
      span.fail();
      if (ready.error().code == Code::cancelled) co_return ready.error();
      finish(i, "failed", ready.error());
      co_return Result<void>();
    }
  }
  progress_[i].ready = true;
  finish(i, applied->effect, std::nullopt);
  co_return Result<void>();
}

/// Repeats what may succeed later. An apply whose outcome is unknown (the connection broke before the answer) is
/// repeated without reading first: the same fields under the same manager give the same object, however often.
asio::awaitable<Result<ApplyRun::Applied>> ApplyRun::apply_patiently(std::size_t i) {
  const RepeatContext context = repeat_context(i);
  const bool generated = objects_[i].name.empty();
  Backoff backoff(random_jitter());
  std::optional<Clock::time_point> first_failure;
  for (;;) {
    Result<Applied> tried = Error(Code::unknown, "");
    {
      auto slot = co_await pace_.enter();
      if (!slot) co_return slot.error();
      if (!first_failure_.empty() && !first_failure) {
        not_started_.insert(i);
        co_return Error(Code::aborted, objects_[i].describe() + ": not applied, because " + first_failure_ + " failed");
      }
      if (deadline_.passed())
        co_return Error(Code::deadline_exceeded,
                        objects_[i].describe() + ": not applied, the time was up before its turn came",
                        "give it more with --timeout");
      if (!progress_[i].started) progress_[i].started = Clock::now();
      auto outcome = co_await apply_once(i);
      const bool throttled = !outcome && outcome.error().code == Code::resource_exhausted;
      throttled ? pace_.throttled() : pace_.answered();
      tried = std::move(outcome);
    }
    if (tried) co_return std::move(tried);
    Error error = tried.error();
    if (error.code == Code::cancelled) co_return error;
    // A creation with a generated name is no apply: repeating it could make two objects.
    const bool refused_unheard = error.code == Code::resource_exhausted;
    auto patience = repeat_for(error, context);
    if (generated && !refused_unheard && (error.outcome_unknown || error.code == Code::unavailable))
      patience = std::chrono::seconds(0);
    if (!first_failure) first_failure = Clock::now();
    const Deadline until = deadline_.min(Deadline(*first_failure + patience));
    error.retryable = patience.count() > 0;
    const auto pause = backoff.next(error, Clock::now(), until);
    if (!pause) {
      if (generated && error.outcome_unknown)
        error.hint = "it may have been created all the same: look before applying it again";
      co_return error;
    }
    const bool slept = co_await sleep_for(*pause);
    if (!slept) co_return Error(Code::cancelled, "cancelled while " + objects_[i].describe() + " was applied");
  }
}

asio::awaitable<Result<ApplyRun::Applied>> ApplyRun::apply_once(std::size_t i) {
  const Object &object = objects_[i];
  Applied applied;
  if (const auto own = order_.defined.find({object.api_version, object.kind}); own != order_.defined.end()) {
    applied.info = own->second;
  } else {
    auto found = co_await client_.resource(object.api_version, object.kind, deadline_);
    if (!found) co_return Error(found.error()).in(object.describe());
    applied.info = std::move(*found);
  }
  applied.name = object.name;
  if (applied.info.namespaced) applied.ns = object.ns.empty() ? options_.default_namespace : object.ns;
  if (object.name.empty()) {
    auto created = co_await create_generated(i, std::move(applied));
    co_return std::move(created);
  }
  auto body = apply_body(object, applied.ns);
  if (!body) co_return body.error();
  kubernetes::ApplyOptions how;
  how.field_manager = options_.field_manager;
  how.force = options_.force_conflicts;
  how.dry_run = options_.dry_run;
  std::string path = kubernetes::Client::object_path(applied.info, applied.ns, object.name);
  auto reply = co_await client_.apply(std::move(path), std::move(*body), std::move(how), deadline_);
  if (!reply) {
    Error error = reply.error();
    if (error.code == Code::invalid_argument && (error.hint.empty() || error.hint == "correct the manifest"))
      error.hint = "correct the manifest (" + object.where.describe() + ")";
    if (error.code == Code::not_found && error.hint.empty() && error.message.find("namespaces \"") != std::string::npos)
      error.hint = "add the Namespace to what is applied, or create it: kubectl create namespace " + applied.ns;
    co_return error;
  }
  applied.effect = effect_word(reply->effect);
  applied.answer = std::move(reply->object);
  co_return std::move(applied);
}

asio::awaitable<Result<ApplyRun::Applied>> ApplyRun::create_generated(std::size_t i, Applied applied) {
  const Object &object = objects_[i];
  auto body = apply_body(object, applied.ns);
  if (!body) co_return body.error();
  std::string path = kubernetes::Client::collection_path(applied.info, applied.ns) +
                     "?fieldManager=" + http::encode_component(options_.field_manager) + "&fieldValidation=Strict";
  if (options_.dry_run) path += "&dryRun=All";
  auto answer = co_await client_.request("POST", std::move(path), std::move(*body), "application/json", deadline_);
  if (!answer) co_return answer.error();
  applied.answer = json::parse(answer->body, nullptr, false);
  applied.effect = "created";
  applied.name = text(field(applied.answer, "metadata"), "name");
  if (!applied.name.empty()) watch_->expect(object.kind, applied.ns, applied.name);
  co_return std::move(applied);
}

/// WaitForFirstConsumer binds a claim only when a pod uses it; the wait is then the pod's.
asio::awaitable<bool> ApplyRun::claim_waits_for_pod(json claim) {
  if (!storage_classes_) {
    auto list = co_await client_.get("/apis/storage.k8s.io/v1/storageclasses", deadline_);
    storage_classes_ = list && list->contains("items") ? (*list)["items"] : json::array();
  }
  const std::string wanted = text(field(claim, "spec"), "storageClassName");
  for (const auto &item : *storage_classes_) {
    const json metadata = field(item, "metadata");
    const bool is_default =
        text(field(metadata, "annotations"), "storageclass.kubernetes.io/is-default-class") == "true";
    const bool meant = wanted.empty() ? is_default : text(metadata, "name") == wanted;
    if (meant) co_return text(item, "volumeBindingMode") == "WaitForFirstConsumer";
  }
  co_return false;
}

asio::awaitable<Result<void>> ApplyRun::wait_ready(std::size_t i, const Applied &applied) {
  ReadinessWatch::Wanted wanted;
  wanted.info = applied.info;
  wanted.ns = applied.ns;
  wanted.name = applied.name;
  wanted.title = objects_[i].describe();
  wanted.wide = wide_.contains({objects_[i].api_version, objects_[i].kind});
  const json metadata = field(applied.answer, "metadata");
  if (const auto generation = metadata.find("generation");
      generation != metadata.end() && generation->is_number_integer())
    wanted.hints.generation = generation->get<std::int64_t>();
  if (applied.info.kind == "PersistentVolumeClaim" && applied.info.group.empty())
    wanted.hints.claim_waits_for_pod = co_await claim_waits_for_pod(applied.answer);
  // The answer of the apply is a state like any other: often it is all that is needed.
  const ReadinessVerdict now = assess_readiness(applied.answer, wanted.hints);
  if (now.state == Readiness::ready) co_return Result<void>();
  Result<void> waited = co_await watch_->wait(std::move(wanted));
  co_return waited;
}

asio::awaitable<Result<WorkloadReport>> ApplyRun::run() {
  const auto started = Clock::now();
  WorkloadReport report;
  if (objects_.empty()) co_return report;
  // One small question before hundreds: is the server there, does it know us? Its answer also tells the current
  // resource version, from which later answers show whether they changed anything.
  auto known = co_await client_.get("/api/v1/namespaces?limit=1", deadline_);
  if (!known && known.error().code != Code::permission_denied) co_return known.error();
  plan_waiting();
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  work.reserve(objects_.size());
  for (std::size_t i = 0; i < objects_.size(); ++i)
    work.push_back([this, i] { return one(i); });
  ForEachOptions all_at_once; // the edges and the pace hold them back
  Result<void> done = co_await run_all(std::move(work), all_at_once);
  watch_.reset();
  if (!done) co_return done.error();
  report.failed = static_cast<unsigned>(
      std::count_if(outcomes_.begin(), outcomes_.end(), [](const auto &o) { return o.effect == "failed"; }));
  report.objects = std::move(outcomes_);
  report.seconds = std::chrono::duration<double>(Clock::now() - started).count();
  co_return std::move(report);
}

} // namespace

asio::awaitable<Result<WorkloadReport>> apply_objects(kubernetes::Client &client, std::vector<Object> objects,
                                                      WorkloadApplyOptions options, timing::Recorder &timing,
                                                      std::function<void(const ObjectOutcome &)> on_object) {
  const auto executor = co_await asio::this_coro::executor;
  auto run = std::make_unique<ApplyRun>(client, executor, std::move(objects), std::move(options), timing,
                                        std::move(on_object));
  auto report = co_await run->run();
  co_return std::move(report);
}

} // namespace ksail
