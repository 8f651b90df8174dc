// SPDX-License-Identifier: Apache-2.0
// `workload apply --prune`: what the inventory has and the set has not is deleted.
#pragma once

#include "orchestrator/workload.hpp"
#include "orchestrator/workload_delete.hpp"
#include "orchestrator/workload_inventory.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <functional>
#include <set>
#include <string>

namespace ksail {

struct PruneRequest {
  std::set<std::string> wanted;                  ///< uids of what was just applied
  kubernetes::ApplySetContents now;              ///< where that is
  WorkloadDeleteOptions how;                     ///< its uids are filled in
  std::function<void(ObjectOutcome)> on_outcome; ///< pruned, kept or failed, as each is decided
};

/// Afterwards, when nothing had to stay, the inventory says where the members are and no more. Failures of objects go
/// to `on_outcome`; the Result fails when the members could not be found or the inventory not be written.
asio::awaitable<Result<void>> prune_leftovers(kubernetes::Client &client, WorkloadInventory &inventory,
                                              PruneRequest request, timing::Recorder &timing);

} // namespace ksail
