// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload.hpp"

#include "kubernetes/json_field.hpp"
#include "orchestrator/workload_await.hpp"
#include "orchestrator/workload_inventory.hpp"
#include "orchestrator/workload_order.hpp"
#include "orchestrator/workload_pace.hpp"
#include "orchestrator/workload_prune.hpp"
#include "orchestrator/workload_wait.hpp"
#include "orchestrator/workload_write.hpp"

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

constexpr std::size_t most_begun = 1024;
/// One call of apply_objects().
class ApplyRun {
public:
  ApplyRun(kubernetes::Client &client, asio::any_io_executor ex, std::shared_ptr<const ObjectSet> objects,
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

  void plan_waiting();
  bool must_be_ready(std::size_t i) const { return !options_.dry_run && (options_.wait || awaited_.contains(i)); }
  asio::awaitable<Result<void>> one(std::size_t i);
  /// False: cancelled. Sets `skip` when the object must not be applied.
  asio::awaitable<bool> dependencies(std::size_t i, std::optional<Error> &skip);
  /// Before each request for an object: why it may not be sent any more.
  std::optional<Error> turn(std::size_t i);
  asio::awaitable<Result<void>> wait_ready(std::size_t i, const Written &applied);
  asio::awaitable<bool> claim_waits_for_pod(json claim);
  kubernetes::ApplySetContents contents() const;
  /// Tells the inventory what comes; at once, or when the Namespace it lives in has been applied.
  asio::awaitable<Result<void>> announce();
  /// Deletes what the inventory has and the set has not; its outcomes go into `report`.
  asio::awaitable<Result<void>> prune(WorkloadReport &report);
  void tried(std::size_t i);
  void finish(std::size_t i, std::string effect, std::optional<Error> error);
  RepeatContext repeat_context(std::size_t i) const;
  void skip_unless_checkable(std::size_t on, std::size_t i, std::optional<Error> &skip) const;

  kubernetes::Client &client_;
  asio::any_io_executor executor_;
  std::shared_ptr<const ObjectSet> objects_;
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
  std::optional<ObjectWriter> writer_;
  std::optional<json> storage_classes_;
  std::optional<WorkloadInventory> inventory_;
  std::optional<std::size_t> inventory_home_; ///< the Namespace that has to come before the inventory can be written
  Event announced_;
  std::optional<Error> announce_error_;
  std::set<std::string> uids_;        ///< of what was applied, for the inventory
  std::set<std::size_t> not_started_; ///< of those that were waiting for their turn then
  std::string first_failure_;         ///< with fail_fast: why nothing more is started
};

ApplyRun::ApplyRun(kubernetes::Client &client, asio::any_io_executor ex, std::shared_ptr<const ObjectSet> objects,
                   WorkloadApplyOptions options, timing::Recorder &timing,
                   std::function<void(const ObjectOutcome &)> on_object)
    : client_(client), executor_(std::move(ex)), objects_(std::move(objects)), options_(std::move(options)),
      timing_(timing), on_object_(std::move(on_object)), deadline_(Deadline::after(options_.timeout)),
      pace_(executor_, options_.concurrency), announced_(executor_) {
  if (options_.default_namespace.empty()) options_.default_namespace = client_.access().default_namespace;
  order_ = order_objects(*objects_, options_.default_namespace);
  writer_.emplace(client_, options_, order_.defined, pace_, deadline_);
  outcomes_.resize(objects_->size());
  progress_.reserve(objects_->size());
  for (std::size_t i = 0; i < objects_->size(); ++i)
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
  for (std::size_t i = 0; i < objects_->size(); ++i) {
    if (!must_be_ready(i)) continue;
    const Object object = objects_->head(i);
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
    if (objects_->head(edge.on).kind == "Namespace") context.namespace_in_set = true;
    if (objects_->head(edge.on).kind == "CustomResourceDefinition") context.definition_in_set = true;
    if (objects_->head(edge.on).kind == "APIService") context.definition_in_set = true;
  }
  return context;
}

void ApplyRun::skip_unless_checkable(std::size_t on, std::size_t i, std::optional<Error> &skip) const {
  if (!options_.dry_run || outcomes_[on].effect != "created") return;
  const std::string kind = objects_->head(on).kind;
  if (kind != "Namespace" && kind != "CustomResourceDefinition") return;
  skip = Error(Code::failed_precondition, objects_->head(i).describe() + ": the server cannot check it before " +
                                              objects_->head(on).describe() + " really exists");
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
    const bool may_exist =
        objects_->head(edge.on).kind == "Namespace" && error && error->code == Code::permission_denied;
    if (!met && !may_exist && !skip)
      skip = Error(Code::failed_precondition, objects_->head(i).describe() + ": not applied, because " +
                                                  objects_->head(edge.on).describe() +
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
  outcome.object = objects_->head(i).describe();
  outcome.effect = std::move(effect);
  if (const auto started = progress_[i].started)
    outcome.seconds = std::chrono::duration<double>(Clock::now() - *started).count();
  outcome.error = std::move(error);
  if (outcome.effect == "failed" && options_.fail_fast && first_failure_.empty()) first_failure_ = outcome.object;
  if (inventory_home_ == i && !announced_.is_set()) {
    announce_error_ = Error(Code::failed_precondition, "the inventory's " + outcome.object + " could not be applied");
    announced_.set();
  }
  tried(i);
  progress_[i].ended.set();
  if (on_object_) on_object_(outcome);
}

std::optional<Error> ApplyRun::turn(std::size_t i) {
  const bool first = !progress_[i].started;
  if (first && !first_failure_.empty()) {
    not_started_.insert(i);
    return Error(Code::aborted, objects_->head(i).describe() + ": not applied, because " + first_failure_ + " failed");
  }
  if (first && deadline_.passed())
    return Error(Code::deadline_exceeded,
                 objects_->head(i).describe() + ": not applied, the time was up before its turn came",
                 "give it more with --timeout");
  if (first) progress_[i].started = Clock::now();
  return std::nullopt;
}

/// Every object ends with an outcome, also when the run is cancelled in the middle.
asio::awaitable<Result<void>> ApplyRun::one(std::size_t i) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const std::string title = objects_->head(i).describe();
  std::optional<Error> skip;
  const bool told = co_await dependencies(i, skip);
  if (!told) {
    finish(i, "skipped", Error(Code::cancelled, title + ": not applied, interrupted before its turn came"));
    co_return Result<void>();
  }
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
  if (inventory_home_ && i != *inventory_home_) {
    const bool ready = co_await announced_.wait();
    if (!ready) skip = Error(Code::cancelled, title + ": not applied, interrupted before its turn came");
    if (!skip && announce_error_)
      skip = Error(Code::failed_precondition, title + ": not applied, because " + announce_error_->message);
    if (skip) {
      finish(i, "skipped", std::move(skip));
      co_return Result<void>();
    }
  }
  std::optional<Written> applied;
  {
    timing::Scope span(timing_, "apply", title);
    std::function<std::optional<Error>()> may_send = [this, i] { return turn(i); };
    auto tried = co_await writer_->write(*objects_, i, repeat_context(i), std::move(may_send));
    if (!tried) {
      span.fail();
      Error error = tried.error();
      const bool untouched = not_started_.contains(i) || !progress_[i].started;
      if (error.code == Code::cancelled && untouched)
        error.message = title + ": not applied, interrupted before its turn came";
      const bool not_reached = untouched && (error.code == Code::cancelled || error.code == Code::aborted);
      finish(i, not_reached ? "skipped" : "failed", std::move(error));
      co_return Result<void>();
    }
    applied = std::move(*tried);
  }
  progress_[i].applied = true;
  if (inventory_) uids_.insert(text(field(applied->answer, "metadata"), "uid"));
  if (inventory_home_ == i) {
    Result<void> announced = co_await inventory_->announce(contents(), deadline_);
    if (!announced) announce_error_ = announced.error();
    announced_.set();
  }
  outcomes_[i].effect = applied->effect; // what others may ask before this one has ended
  tried(i);
  if (objects_->head(i).kind == "CustomResourceDefinition") client_.forget_discovery();
  if (must_be_ready(i)) {
    if (objects_->head(i).name.empty() && !applied->name.empty())
      watch_->expect(applied->info.kind, applied->ns, applied->name);
    timing::Scope span(timing_, "ready", title);
    Result<void> ready = co_await wait_ready(i, *applied);
    if (!ready) {
      span.fail();
      Error error = ready.error();
      const bool interrupted = error.code == Code::cancelled;
      if (interrupted) error.message = title + ": applied, interrupted before it was ready";
      finish(i, interrupted ? applied->effect : "failed", std::move(error));
      co_return Result<void>();
    }
  }
  progress_[i].ready = true;
  finish(i, applied->effect, std::nullopt);
  co_return Result<void>();
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

asio::awaitable<Result<void>> ApplyRun::wait_ready(std::size_t i, const Written &applied) {
  ReadinessWatch::Wanted wanted;
  wanted.info = applied.info;
  wanted.ns = applied.ns;
  wanted.name = applied.name;
  wanted.title = objects_->head(i).describe();
  wanted.wide = wide_.contains({objects_->head(i).api_version, objects_->head(i).kind});
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

kubernetes::ApplySetContents ApplyRun::contents() const {
  return contents_of(*objects_, order_.defined, options_.default_namespace);
}

asio::awaitable<Result<void>> ApplyRun::announce() {
  if (options_.dry_run) co_return Result<void>();
  Result<void> announced = co_await inventory_->announce(contents(), deadline_);
  if (announced || announced.error().code != Code::not_found) co_return announced;
  for (std::size_t i = 0; i < objects_->size() && !inventory_home_; ++i) {
    const Object object = objects_->head(i);
    const bool home = object.kind == "Namespace" && object.group().empty() && object.name == options_.inventory->ns;
    if (home && order_.steps[i].after.empty()) inventory_home_ = i;
  }
  if (!inventory_home_) co_return announced;
  co_return Result<void>();
}

asio::awaitable<Result<void>> ApplyRun::prune(WorkloadReport &report) {
  PruneRequest request;
  request.wanted = std::move(uids_);
  request.now = contents();
  request.how.default_namespace = options_.default_namespace;
  request.how.dry_run = options_.dry_run;
  request.how.wait = options_.wait;
  request.how.concurrency = options_.concurrency;
  request.how.timeout = deadline_.is_never() ? options_.timeout : deadline_.at() - Clock::now();
  request.on_outcome = [this, &report](ObjectOutcome outcome) {
    report.failed += outcome.error.has_value();
    if (on_object_) on_object_(outcome);
    report.objects.push_back(std::move(outcome));
  };
  Result<void> pruned = co_await prune_leftovers(client_, *inventory_, std::move(request), timing_);
  co_return pruned;
}

asio::awaitable<Result<WorkloadReport>> ApplyRun::run() {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto started = Clock::now();
  WorkloadReport report;
  if (objects_->empty()) co_return report;
  // One small question before hundreds: is the server there, does it know us? Its answer also tells the current
  // resource version, from which later answers show whether they changed anything.
  auto known = co_await client_.get("/api/v1/namespaces?limit=1", deadline_);
  if (!known && known.error().code != Code::permission_denied) co_return known.error();
  if (options_.inventory) {
    inventory_.emplace(client_, *options_.inventory, options_.tool);
    Result<void> opened = co_await inventory_->open(deadline_);
    if (!opened) co_return opened.error();
    Result<void> announced = co_await announce();
    if (!announced) co_return announced.error();
  }
  plan_waiting();
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  work.reserve(objects_->size());
  for (const auto i : apply_sequence(order_))
    work.push_back([this, i] { return one(i); });
  // The edges and the pace hold them back. Many more than can be in flight need not have begun, though: whatever one of
  // them waits for has begun before it. One that waits to be ready is to keep nobody from beginning.
  ForEachOptions begun;
  if (!options_.wait) begun.limit = std::max(most_begun, options_.concurrency * 8);
  Result<void> done = co_await run_all(std::move(work), begun);
  watch_.reset();
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  report.interrupted = cancellation.cancelled() != asio::cancellation_type::none;
  if (!done && done.error().code != Code::cancelled) co_return done.error();
  for (std::size_t i = 0; i < outcomes_.size(); ++i)
    if (outcomes_[i].object.empty()) // cancelled before it had run at all
      finish(i, "skipped", Error(Code::cancelled, objects_->head(i).describe() + ": not applied, interrupted"));
  report.failed = static_cast<unsigned>(
      std::count_if(outcomes_.begin(), outcomes_.end(), [](const auto &o) { return o.effect == "failed"; }));
  const bool all_applied = std::all_of(outcomes_.begin(), outcomes_.end(), [](const auto &o) { return !o.error; });
  report.objects = std::move(outcomes_);
  if (options_.prune && inventory_ && !all_applied)
    report.not_pruned = "not everything was applied";
  else if (options_.prune && inventory_ && !report.interrupted) {
    Result<void> pruned = co_await prune(report);
    if (!pruned) report.not_pruned = pruned.error().message;
  }
  report.seconds = std::chrono::duration<double>(Clock::now() - started).count();
  co_return std::move(report);
}

} // namespace

asio::awaitable<Result<WorkloadReport>> apply_objects(kubernetes::Client &client,
                                                      std::shared_ptr<const ObjectSet> objects,
                                                      WorkloadApplyOptions options, timing::Recorder &timing,
                                                      std::function<void(const ObjectOutcome &)> on_object) {
  const auto executor = co_await asio::this_coro::executor;
  auto run = std::make_unique<ApplyRun>(client, executor, std::move(objects), std::move(options), timing,
                                        std::move(on_object));
  auto report = co_await run->run();
  co_return std::move(report);
}

} // namespace ksail
