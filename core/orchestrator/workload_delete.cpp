// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_delete.hpp"

#include "orchestrator/deletion_order.hpp"
#include "orchestrator/workload_gone.hpp"
#include "orchestrator/workload_pace.hpp"
#include "orchestrator/workload_target.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace ksail {

using manifests::Object;
using nlohmann::json;

namespace {

constexpr std::size_t stages = 7;

/// One call of delete_objects().
class DeleteRun {
public:
  DeleteRun(kubernetes::Client &client, asio::any_io_executor ex, std::vector<Object> objects,
            WorkloadDeleteOptions options, timing::Recorder &timing, DeletionEvents events);

  asio::awaitable<Result<DeletionReport>> run();

private:
  struct Progress {
    explicit Progress(const asio::any_io_executor &ex) : asked(ex), ended(ex) {}
    Event asked; ///< the server has taken the request, or it was given up
    Event ended; ///< and it has been decided whether the object is gone
    bool gone = false;
  };
  /// Opens when all members of a stage, and of those before, have come that far.
  struct Gate {
    explicit Gate(const asio::any_io_executor &ex) : open(ex) {}
    std::size_t members = 0;
    Event open;
  };
  struct Taken {
    bool gone = false;
    std::string uid;
    json object; ///< as it is while it is being deleted
  };

  asio::awaitable<Result<void>> one(std::size_t i);
  /// False: cancelled. Sets `skip` when the object must stay.
  asio::awaitable<bool> turn(std::size_t i, std::optional<Error> &skip);
  asio::awaitable<Result<Taken>> remove(const WorkloadTarget &target, std::string uid);
  asio::awaitable<Result<void>> until_gone(const WorkloadTarget &target, Taken taken);
  void asked(std::size_t i);
  void finish(std::size_t i, std::string effect, std::optional<Error> error, std::string note = {});
  static void leave(Gate &gate);

  std::size_t stage_of(std::size_t i) const { return static_cast<std::size_t>(order_[i].stage); }
  bool waits_for_gone() const { return options_.wait && !options_.dry_run; }

  kubernetes::Client &client_;
  asio::any_io_executor executor_;
  std::vector<Object> objects_;
  WorkloadDeleteOptions options_;
  timing::Recorder &timing_;
  DeletionEvents events_;
  Deadline deadline_;
  std::vector<DeletionStep> order_;
  std::vector<Progress> progress_;
  std::vector<Gate> asked_; ///< by stage
  Gate resources_gone_;     ///< every custom resource of the set
  std::vector<DeletionOutcome> outcomes_;
  std::optional<GoneWatch> watch_;
  Pace pace_;
  std::string stuck_; ///< a custom resource that did not go
};

DeleteRun::DeleteRun(kubernetes::Client &client, asio::any_io_executor ex, std::vector<Object> objects,
                     WorkloadDeleteOptions options, timing::Recorder &timing, DeletionEvents events)
    : client_(client), executor_(std::move(ex)), objects_(std::move(objects)), options_(std::move(options)),
      timing_(timing), events_(std::move(events)), deadline_(Deadline::after(options_.timeout)),
      resources_gone_(executor_), outcomes_(objects_.size()), pace_(executor_, options_.concurrency) {
  if (options_.default_namespace.empty()) options_.default_namespace = client_.access().default_namespace;
  order_ = deletion_order(objects_, options_.default_namespace);
  progress_.reserve(objects_.size());
  asked_.reserve(stages);
  for (std::size_t s = 0; s < stages; ++s)
    asked_.emplace_back(executor_);
  for (std::size_t i = 0; i < objects_.size(); ++i) {
    progress_.emplace_back(executor_);
    for (std::size_t s = stage_of(i); s < stages; ++s)
      ++asked_[s].members;
    if (order_[i].stage == DeletionStage::custom_resource) ++resources_gone_.members;
  }
  for (auto &gate : asked_)
    if (gate.members == 0) gate.open.set();
  if (resources_gone_.members == 0) resources_gone_.open.set();
}

void DeleteRun::leave(Gate &gate) {
  if (--gate.members == 0) gate.open.set();
}

void DeleteRun::asked(std::size_t i) {
  if (progress_[i].asked.is_set()) return;
  progress_[i].asked.set();
  for (std::size_t s = stage_of(i); s < stages; ++s)
    leave(asked_[s]);
}

void DeleteRun::finish(std::size_t i, std::string effect, std::optional<Error> error, std::string note) {
  DeletionOutcome &outcome = outcomes_[i];
  outcome.object = objects_[i].describe();
  outcome.effect = std::move(effect);
  outcome.error = std::move(error);
  outcome.note = std::move(note);
  progress_[i].gone = !outcome.error;
  asked(i);
  progress_[i].ended.set();
  if (order_[i].stage == DeletionStage::custom_resource) {
    if (outcome.error && stuck_.empty()) stuck_ = outcome.object;
    leave(resources_gone_);
  }
  if (events_.ended) events_.ended(outcome);
}

asio::awaitable<bool> DeleteRun::turn(std::size_t i, std::optional<Error> &skip) {
  const std::string title = objects_[i].describe();
  for (const auto first : order_[i].after) {
    Progress &other = progress_[first];
    const bool told = co_await (waits_for_gone() ? other.ended.wait() : other.asked.wait());
    if (!told) co_return false;
    if (waits_for_gone() && !progress_[first].gone && !skip)
      skip = Error(Code::failed_precondition,
                   title + ": not deleted, because " + objects_[first].describe() + " needs it and is still there");
  }
  if (stage_of(i) > 0) {
    const bool told = co_await asked_[stage_of(i) - 1].open.wait();
    if (!told) co_return false;
  }
  if (waits_for_gone() && order_[i].stage > DeletionStage::custom_resource) {
    const bool told = co_await resources_gone_.open.wait();
    if (!told) co_return false;
    if (!stuck_.empty() && !skip)
      skip = Error(Code::failed_precondition,
                   title + ": not deleted, because " + stuck_ + " is still there and may need it to be cleaned up");
  }
  co_return true;
}

asio::awaitable<Result<DeleteRun::Taken>> DeleteRun::remove(const WorkloadTarget &target, std::string uid) {
  json body = {{"kind", "DeleteOptions"}, {"apiVersion", "v1"}, {"propagationPolicy", options_.propagation}};
  if (options_.grace_seconds) body["gracePeriodSeconds"] = *options_.grace_seconds;
  if (options_.dry_run) body["dryRun"] = json::array({"All"});
  if (!uid.empty()) body["preconditions"]["uid"] = uid;
  std::string text = body.dump();
  auto slot = co_await pace_.enter();
  if (!slot) co_return slot.error();
  auto answer =
      co_await request_patiently(client_, "DELETE", target.path(), std::move(text), "application/json", deadline_);
  if (!answer) co_return answer.error();
  const json told = json::parse(answer->body, nullptr, false);
  Taken taken;
  // A Status says that it is gone; the object itself, that it is only marked.
  taken.gone = !told.is_object() || told.value("kind", "") == "Status";
  if (taken.gone) co_return std::move(taken);
  const auto metadata = told.find("metadata");
  if (metadata != told.end() && metadata->is_object()) taken.uid = metadata->value("uid", "");
  taken.object = told;
  co_return std::move(taken);
}

asio::awaitable<Result<void>> DeleteRun::until_gone(const WorkloadTarget &target, Taken taken) {
  if (const std::string held = deletion_block(taken.object); !held.empty() && events_.held)
    events_.held(target.title, held);
  Result<void> gone = co_await watch_->wait(target, taken.uid);
  co_return gone;
}

asio::awaitable<Result<void>> DeleteRun::one(std::size_t i) {
  std::optional<Error> skip;
  const std::string title = objects_[i].describe();
  const bool told = co_await turn(i, skip);
  if (!told) co_return Error(Code::cancelled, "cancelled before " + title + " was deleted");
  if (!skip && objects_[i].name.empty())
    skip = Error(Code::invalid_argument, title + ": not deleted, because it has no name, only a generateName",
                 "delete what was made of it by name or label");
  if (skip) {
    finish(i, "skipped", std::move(skip));
    co_return Result<void>();
  }
  timing::Scope span(timing_, "delete", title);
  const auto started = Clock::now();
  const auto spent = [&] { return std::chrono::duration<double>(Clock::now() - started).count(); };
  auto target = co_await find_target(client_, objects_[i], options_.default_namespace, deadline_);
  if (!target) {
    if (target.error().code == Code::cancelled) co_return target.error();
    // Where there is no such kind, there is no such object.
    if (target.error().code == Code::not_found) {
      finish(i, "absent", std::nullopt, target.error().message);
      co_return Result<void>();
    }
    span.fail();
    finish(i, "failed", target.error());
    co_return Result<void>();
  }
  auto taken = co_await remove(*target, i < options_.uids.size() ? options_.uids[i] : std::string());
  const bool another = !taken && taken.error().code == Code::aborted && i < options_.uids.size();
  if (another || (!taken && taken.error().code == Code::not_found)) {
    finish(i, "absent", std::nullopt);
    co_return Result<void>();
  }
  Result<void> gone = Result<void>();
  if (!taken) {
    gone = taken.error();
  } else {
    asked(i);
    if (waits_for_gone() && !taken->gone) {
      Result<void> waited = co_await until_gone(*target, std::move(*taken));
      gone = waited;
    }
  }
  outcomes_[i].seconds = spent();
  if (!gone) {
    if (gone.error().code == Code::cancelled) co_return gone.error();
    span.fail();
    finish(i, "failed", gone.error());
  } else {
    finish(i, "deleted", std::nullopt);
  }
  co_return Result<void>();
}

asio::awaitable<Result<DeletionReport>> DeleteRun::run() {
  DeletionReport report;
  if (objects_.empty()) co_return report;
  // One small question before hundreds: is the server there, does it know us?
  auto known =
      co_await request_patiently(client_, "GET", "/api/v1/namespaces?limit=1", std::string(), std::string(), deadline_);
  if (!known && known.error().code != Code::permission_denied) co_return known.error();
  watch_.emplace(client_, executor_, deadline_);
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (std::size_t i = 0; i < objects_.size(); ++i)
    work.push_back([this, i] { return one(i); });
  ForEachOptions all_at_once; // the stages and the pace hold them back
  Result<void> done = co_await run_all(std::move(work), all_at_once);
  watch_.reset();
  if (!done) co_return done.error();
  report.failed =
      static_cast<unsigned>(std::count_if(outcomes_.begin(), outcomes_.end(), [](const auto &o) { return !!o.error; }));
  report.objects = std::move(outcomes_);
  co_return std::move(report);
}

} // namespace

asio::awaitable<Result<DeletionReport>> delete_objects(kubernetes::Client &client, std::vector<Object> objects,
                                                       WorkloadDeleteOptions options, timing::Recorder &timing,
                                                       DeletionEvents events) {
  const auto executor = co_await asio::this_coro::executor;
  auto run =
      std::make_unique<DeleteRun>(client, executor, std::move(objects), std::move(options), timing, std::move(events));
  auto report = co_await run->run();
  co_return std::move(report);
}

} // namespace ksail
