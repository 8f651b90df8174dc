// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_prune.hpp"

namespace ksail {

asio::awaitable<Result<void>> prune_leftovers(kubernetes::Client &client, WorkloadInventory &inventory,
                                              PruneRequest request, timing::Recorder &timing) {
  const Deadline deadline = Deadline::after(request.how.timeout);
  auto leftovers = co_await inventory.leftovers(std::move(request.wanted), request.how.concurrency, deadline);
  if (!leftovers) co_return leftovers.error();
  std::vector<manifests::Object> gone;
  bool some_stay = false;
  for (auto &leftover : *leftovers) {
    if (leftover.kept.empty()) {
      gone.push_back(std::move(leftover.object));
      request.how.uids.push_back(std::move(leftover.uid));
      continue;
    }
    some_stay = true;
    ObjectOutcome kept;
    kept.object = leftover.object.describe();
    kept.effect = "kept";
    kept.note = std::move(leftover.kept);
    request.on_outcome(std::move(kept));
  }
  DeletionEvents events;
  events.ended = [&](const DeletionOutcome &outcome) {
    ObjectOutcome pruned;
    pruned.object = outcome.object;
    pruned.effect = outcome.error ? "failed" : "pruned";
    pruned.seconds = outcome.seconds;
    pruned.error = outcome.error;
    request.on_outcome(std::move(pruned));
  };
  const bool dry_run = request.how.dry_run;
  auto deleted = co_await delete_objects(client, std::move(gone), std::move(request.how), timing, std::move(events));
  if (!deleted) co_return deleted.error();
  // What stays has to be found again the next time.
  if (dry_run || some_stay || deleted->failed > 0) co_return Result<void>();
  Result<void> settled = co_await inventory.settle(std::move(request.now), deadline);
  co_return settled;
}

} // namespace ksail
