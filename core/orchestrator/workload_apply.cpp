// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload.hpp"

#include "kubernetes/json_field.hpp"
#include "kubernetes/known_kinds.hpp"
#include "orchestrator/other_inventories.hpp"
#include "orchestrator/standing_objects.hpp"
#include "orchestrator/workload_inventory.hpp"
#include "orchestrator/workload_order.hpp"
#include "orchestrator/workload_pace.hpp"
#include "orchestrator/workload_prune.hpp"
#include "orchestrator/workload_turns.hpp"
#include "orchestrator/workload_wait_applied.hpp"
#include "orchestrator/workload_write.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

namespace ksail {

using manifests::Object;

namespace {

constexpr std::size_t most_begun = 1024;
constexpr std::chrono::seconds longest_look(15);            ///< then what has not been seen is applied
constexpr std::chrono::milliseconds longest_round_trip(50); ///< that is worth spreading requests over
/// From where on the first objects do not wait for the server's first answer. A server nearby has answered before they
/// are begun, and a busy one may take this long for a handshake: then nothing is lost but a few refusals.
constexpr std::chrono::milliseconds far_away(10);

/// One call of apply_objects().
class ApplyRun {
public:
  ApplyRun(kubernetes::Client &client, asio::any_io_executor ex, std::shared_ptr<const ObjectSet> objects,
           WorkloadApplyOptions options, timing::Recorder &timing,
           std::function<void(const ObjectOutcome &)> on_object);

  asio::awaitable<Result<WorkloadReport>> run();

private:
  asio::awaitable<Result<void>> connect();
  asio::awaitable<Result<void>> greet();
  /// All that comes before the objects, except before those that go ahead().
  asio::awaitable<Result<void>> prepare();
  /// Lets the objects begin, or none of them.
  asio::awaitable<Result<void>> open_gate();
  asio::awaitable<Result<void>> apply_all();
  asio::awaitable<Result<void>> one(std::size_t i);
  /// How many objects may go ahead: with them and the first questions as many requests are in flight as are allowed.
  std::size_t room_ahead() const;
  bool may_go_ahead(std::size_t i) const;
  /// To a server far away the first objects are sent along with the first question: one round trip less. They can only
  /// be created in this way; nothing comes back when the object was there, or for whatever else it was refused, and it
  /// goes on like all the others.
  asio::awaitable<std::optional<Written>> ahead(std::size_t i);
  /// After the questions, and after all it has to come after. Nothing: it has ended with an outcome, or none is
  /// applied.
  asio::awaitable<std::optional<Written>> in_turn(std::size_t i);
  /// Into the cluster, unless it stands there already.
  asio::awaitable<Result<Written>> put(std::size_t i);
  /// Why the object must not be applied, after all that comes before it.
  std::optional<Error> unmet(std::size_t i) const;
  std::optional<Error> not_checkable(std::size_t on, std::size_t i) const;
  /// Before each request for an object: why it may not be sent any more.
  std::optional<Error> turn(std::size_t i);
  kubernetes::ApplySetContents contents() const;
  /// Tells the inventory what comes; at once, or when the Namespace it lives in has been applied.
  asio::awaitable<Result<void>> announce();
  /// Deletes what the inventory has and the set has not; its outcomes go into `report`.
  asio::awaitable<Result<void>> prune(WorkloadReport &report);
  void finish(std::size_t i, std::string effect, std::optional<Error> error);
  RepeatContext repeat_context(std::size_t i) const;

  kubernetes::Client &client_;
  asio::any_io_executor executor_;
  std::shared_ptr<const ObjectSet> objects_;
  WorkloadApplyOptions options_;
  timing::Recorder &timing_;
  std::function<void(const ObjectOutcome &)> on_object_;
  Deadline deadline_;
  ApplyOrder order_;
  std::optional<WorkloadTurns> turns_;
  std::optional<AppliedWait> applied_wait_;
  /// When each had its first turn: waiting in line is not its own time.
  std::vector<std::optional<Clock::time_point>> started_;
  std::vector<ObjectOutcome> outcomes_;
  Pace pace_;
  Event gate_;                      ///< prepare() has ended
  std::optional<Error> closed_;     ///< why nothing is applied
  std::size_t ahead_left_ = 0;      ///< how many objects may still go ahead
  std::size_t ahead_under_way_ = 1; ///< and one as long as more may follow
  bool ahead_told_ = false;         ///< one that went ahead was created, or lost
  Event ahead_ended_;
  std::optional<ObjectWriter> writer_;
  std::optional<StandingObjects> standing_;
  std::optional<WorkloadInventory> inventory_;
  std::optional<std::size_t> inventory_home_; ///< the Namespace that has to come before the inventory can be written
  Event announced_;
  std::optional<Error> announce_error_;
  OtherInventories others_;
  std::set<std::string> uids_;        ///< of what was applied, for the inventory
  std::set<std::size_t> not_started_; ///< of those that were waiting for their turn then
  std::string first_failure_;         ///< with fail_fast: why nothing more is started
};

ApplyRun::ApplyRun(kubernetes::Client &client, asio::any_io_executor ex, std::shared_ptr<const ObjectSet> objects,
                   WorkloadApplyOptions options, timing::Recorder &timing,
                   std::function<void(const ObjectOutcome &)> on_object)
    : client_(client), executor_(std::move(ex)), objects_(std::move(objects)), options_(std::move(options)),
      timing_(timing), on_object_(std::move(on_object)), deadline_(Deadline::after(options_.timeout)),
      pace_(executor_, options_.concurrency), gate_(executor_), ahead_ended_(executor_), announced_(executor_) {
  if (options_.default_namespace.empty()) options_.default_namespace = client_.access().default_namespace;
  order_ = order_objects(*objects_, options_.default_namespace);
  writer_.emplace(client_, options_, order_.defined, pace_, deadline_);
  turns_.emplace(executor_, order_);
  applied_wait_.emplace(client_, executor_, *objects_, options_, order_, deadline_);
  standing_.emplace(client_, *objects_, options_, order_.defined);
  outcomes_.resize(objects_->size());
  started_.resize(objects_->size());
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

std::optional<Error> ApplyRun::not_checkable(std::size_t on, std::size_t i) const {
  if (!options_.dry_run || outcomes_[on].effect != "created") return std::nullopt;
  const std::string kind = objects_->head(on).kind;
  if (kind != "Namespace" && kind != "CustomResourceDefinition") return std::nullopt;
  return Error(Code::failed_precondition, objects_->head(i).describe() + ": the server cannot check it before " +
                                              objects_->head(on).describe() + " really exists");
}

std::optional<Error> ApplyRun::unmet(std::size_t i) const {
  for (const auto &edge : order_.steps[i].after) {
    const auto &error = outcomes_[edge.on].error;
    // Whoever may not write Namespaces can still write into one that is there.
    const bool may_exist =
        objects_->head(edge.on).kind == "Namespace" && error && error->code == Code::permission_denied;
    if (!turns_->met(edge, options_.dry_run) && !may_exist)
      return Error(Code::failed_precondition,
                   objects_->head(i).describe() + ": not applied, because " + objects_->head(edge.on).describe() +
                       (turns_->is_applied(edge.on) ? " did not become ready" : " could not be applied"));
    if (auto error_of_trial = not_checkable(edge.on, i)) return error_of_trial;
  }
  return std::nullopt;
}

void ApplyRun::finish(std::size_t i, std::string effect, std::optional<Error> error) {
  ObjectOutcome &outcome = outcomes_[i];
  outcome.object = objects_->head(i).describe();
  outcome.effect = std::move(effect);
  if (const auto started = started_[i])
    outcome.seconds = std::chrono::duration<double>(Clock::now() - *started).count();
  outcome.error = std::move(error);
  if (outcome.effect == "failed" && options_.fail_fast && first_failure_.empty()) first_failure_ = outcome.object;
  if (inventory_home_ == i && !announced_.is_set()) {
    announce_error_ = Error(Code::failed_precondition, "the inventory's " + outcome.object + " could not be applied");
    announced_.set();
  }
  turns_->ended(i);
  if (on_object_) on_object_(outcome);
}

std::optional<Error> ApplyRun::turn(std::size_t i) {
  const bool first = !started_[i];
  if (first && !first_failure_.empty()) {
    not_started_.insert(i);
    return Error(Code::aborted, objects_->head(i).describe() + ": not applied, because " + first_failure_ + " failed");
  }
  if (first && deadline_.passed())
    return Error(Code::deadline_exceeded,
                 objects_->head(i).describe() + ": not applied, the time was up before its turn came",
                 "give it more with --timeout");
  if (first) started_[i] = Clock::now();
  return std::nullopt;
}

asio::awaitable<Result<Written>> ApplyRun::put(std::size_t i) {
  std::function<std::optional<Error>()> may_send = [this, i] { return turn(i); };
  if (writer_->has_lost(i) || !standing_->has(i)) {
    auto written = co_await writer_->write(*objects_, i, repeat_context(i), std::move(may_send));
    co_return std::move(written);
  }
  if (auto stop = may_send()) co_return *stop;
  StandingObjects::Found found = standing_->take(i);
  Written written;
  written.effect = "unchanged";
  written.info = std::move(found.info);
  written.ns = std::move(found.ns);
  written.name = objects_->head(i).name;
  written.answer = std::move(found.object);
  co_return written;
}

std::size_t ApplyRun::room_ahead() const {
  if (options_.dry_run || options_.inventory) return 0;
  const std::size_t questions = 1 + standing_->first_requests();
  return options_.concurrency - std::min(options_.concurrency, questions);
}

bool ApplyRun::may_go_ahead(std::size_t i) const {
  const ApplyStep &step = order_.steps[i];
  if (ahead_left_ == 0 || gate_.is_set()) return false;
  if (!step.after.empty() || !step.behind_gates.empty() || step.refused) return false;
  const Object object = objects_->head(i);
  return !object.name.empty() && kubernetes::known_kind(object.api_version, object.kind);
}

asio::awaitable<std::optional<Written>> ApplyRun::ahead(std::size_t i) {
  --ahead_left_;
  ++ahead_under_way_;
  timing::Scope span(timing_, "create", objects_->head(i).describe());
  auto created = co_await writer_->create(*objects_, i, [this, i] { started_[i] = Clock::now(); });
  const bool lost = !created && created.error().outcome_unknown;
  if (created || lost)
    ahead_told_ = true;
  else
    started_[i].reset();
  if (--ahead_under_way_ == 0) ahead_ended_.set();
  if (!created) co_return std::nullopt;
  co_return std::move(*created);
}

asio::awaitable<std::optional<Written>> ApplyRun::in_turn(std::size_t i) {
  const std::string title = objects_->head(i).describe();
  if (!writer_->has_lost(i)) {
    bool told = co_await gate_.wait();
    if (closed_) co_return std::nullopt;
    if (told) told = co_await turns_->wait(i);
    if (!told) {
      finish(i, "skipped", Error(Code::cancelled, title + ": not applied, interrupted before its turn came"));
      co_return std::nullopt;
    }
  }
  if (order_.steps[i].refused) {
    finish(i, "failed", order_.steps[i].refused);
    co_return std::nullopt;
  }
  std::optional<Error> skip = unmet(i);
  if (!skip && !first_failure_.empty())
    skip = Error(Code::cancelled, title + ": not applied, because " + first_failure_ + " failed");
  if (skip) {
    finish(i, "skipped", std::move(skip));
    co_return std::nullopt;
  }
  if (inventory_home_ && i != *inventory_home_) {
    const bool ready = co_await announced_.wait();
    if (!ready) skip = Error(Code::cancelled, title + ": not applied, interrupted before its turn came");
    if (!skip && announce_error_)
      skip = Error(Code::failed_precondition, title + ": not applied, because " + announce_error_->message);
    if (skip) {
      finish(i, "skipped", std::move(skip));
      co_return std::nullopt;
    }
  }
  timing::Scope span(timing_, "apply", title);
  auto tried = co_await put(i);
  if (tried) co_return std::move(*tried);
  span.fail();
  Error error = tried.error();
  const bool untouched = not_started_.contains(i) || !started_[i];
  if (error.code == Code::cancelled && untouched)
    error.message = title + ": not applied, interrupted before its turn came";
  const bool not_reached = untouched && (error.code == Code::cancelled || error.code == Code::aborted);
  finish(i, not_reached ? "skipped" : "failed", std::move(error));
  co_return std::nullopt;
}

/// Every object ends with an outcome, also when the run is cancelled in the middle; unless none is applied at all.
asio::awaitable<Result<void>> ApplyRun::one(std::size_t i) {
  co_await asio::this_coro::throw_if_cancelled(false);
  std::optional<Written> applied;
  if (may_go_ahead(i)) applied = co_await ahead(i);
  if (!applied) applied = co_await in_turn(i);
  if (!applied) co_return Result<void>();
  turns_->applied(i);
  if (inventory_) {
    const std::string uid = text(field(*applied->answer, "metadata"), "uid");
    outcomes_[i].note = taken_over(others_, uid, *options_.inventory);
    uids_.insert(uid);
  }
  if (inventory_home_ == i) {
    Result<void> announced = co_await inventory_->announce(contents(), deadline_);
    if (!announced) announce_error_ = announced.error();
    announced_.set();
  }
  outcomes_[i].effect = applied->effect; // what others may ask before this one has ended
  turns_->tried(i);
  if (objects_->head(i).kind == "CustomResourceDefinition") client_.forget_discovery();
  if (applied_wait_->is_needed(i)) {
    const std::string title = objects_->head(i).describe();
    timing::Scope span(timing_, "ready", title);
    Result<void> ready = co_await applied_wait_->wait(i, *applied);
    if (!ready) {
      span.fail();
      Error error = ready.error();
      const bool interrupted = error.code == Code::cancelled;
      if (interrupted) error.message = title + ": applied, interrupted before it was ready";
      finish(i, interrupted ? applied->effect : "failed", std::move(error));
      co_return Result<void>();
    }
  }
  turns_->ready(i);
  finish(i, applied->effect, std::nullopt);
  co_return Result<void>();
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

asio::awaitable<Result<void>> ApplyRun::connect() {
  timing::Scope span(timing_, "connect", "API server");
  Result<void> connected = co_await client_.connect(deadline_);
  if (!connected) {
    span.fail();
    co_return connected;
  }
  const auto round_trip = options_.round_trip.count() > 0 ? options_.round_trip : client_.counters().round_trip;
  pace_.spread(std::min<std::chrono::nanoseconds>(round_trip, longest_round_trip));
  if (round_trip >= far_away) ahead_left_ = room_ahead();
  co_return Result<void>();
}

/// One small question before hundreds: is the server there, does it know us? Its answer also tells the current resource
/// version, from which later answers show whether they changed anything. Meanwhile it is looked what stands already.
asio::awaitable<Result<void>> ApplyRun::greet() {
  timing::Scope span(timing_, "look", "what is there");
  std::vector<std::function<asio::awaitable<Result<void>>()>> both;
  both.push_back([this]() -> asio::awaitable<Result<void>> {
    auto known = co_await client_.get("/api/v1/namespaces?limit=1", deadline_);
    if (!known && known.error().code != Code::permission_denied) co_return known.error();
    co_return Result<void>();
  });
  both.push_back([this]() -> asio::awaitable<Result<void>> {
    Result<void> unimportant = co_await standing_->look(deadline_.min(Deadline::after(longest_look)));
    static_cast<void>(unimportant);
    co_return Result<void>();
  });
  Result<void> greeted = co_await run_all(std::move(both), ForEachOptions());
  if (!greeted) span.fail();
  co_return greeted;
}

asio::awaitable<Result<void>> ApplyRun::prepare() {
  Result<void> greeted = co_await greet();
  if (!greeted || !options_.inventory) co_return greeted;
  inventory_.emplace(client_, *options_.inventory, options_.tool);
  Result<void> opened = co_await inventory_->open(deadline_);
  if (!opened) co_return opened;
  others_ = co_await other_inventories(client_, *options_.inventory, contents(), options_.concurrency, deadline_);
  Result<void> announced = co_await announce();
  co_return announced;
}

asio::awaitable<Result<void>> ApplyRun::open_gate() {
  Result<void> prepared = co_await prepare();
  ahead_left_ = 0;
  if (--ahead_under_way_ > 0 && !prepared) co_await ahead_ended_.wait();
  // Where one object got through, or may have, each has its own fate, and patience.
  if (!prepared && !ahead_told_) closed_ = prepared.error();
  gate_.set();
  co_return Result<void>();
}

asio::awaitable<Result<void>> ApplyRun::apply_all() {
  applied_wait_->begin();
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  work.reserve(objects_->size());
  for (const auto i : apply_sequence(order_))
    work.push_back([this, i] { return one(i); });
  // The edges and the pace hold them back. Many more than can be in flight need not have begun, though: whatever one of
  // them waits for has begun before it. One that waits to be ready is to keep nobody from beginning.
  ForEachOptions begun;
  if (!options_.wait) begun.limit = std::max(most_begun, options_.concurrency * 8);
  Result<void> done = co_await run_all(std::move(work), begun);
  applied_wait_->end();
  co_return done;
}

asio::awaitable<Result<WorkloadReport>> ApplyRun::run() {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto started = Clock::now();
  WorkloadReport report;
  if (objects_->empty()) co_return report;
  Result<void> done = co_await connect();
  if (done) {
    std::vector<std::function<asio::awaitable<Result<void>>()>> both;
    both.push_back([this] { return open_gate(); });
    both.push_back([this] { return apply_all(); });
    done = co_await run_all(std::move(both), ForEachOptions());
  }
  if (closed_ && !ahead_told_) done = *closed_;
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  report.interrupted = cancellation.cancelled() != asio::cancellation_type::none;
  if (!done && !(report.interrupted && done.error().code == Code::cancelled)) co_return done.error();
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
