// SPDX-License-Identifier: Apache-2.0
// `ksail workload apply`: object set -> dependency graph -> parallel server-side apply -> optional readiness.
#pragma once

#include "kubernetes/apply_set.hpp"
#include "kubernetes/client.hpp"
#include "orchestrator/object_set.hpp"
#include "timing/timing.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ksail {

struct ObjectOutcome {
  std::string object; ///< "Deployment shop/web"
  /// created | configured | unchanged | replaced | pruned | kept (not part of the set any more, and not to be pruned;
  /// `note` says why) | failed | skipped (not even tried; `error` says why)
  std::string effect;
  std::string note;   ///< also of an object that was in another inventory before
  double seconds = 0; ///< from its first request to its end, with its readiness where that was waited for
  std::optional<Error> error;
};

struct WorkloadApplyOptions {
  std::string default_namespace; ///< for namespaced objects without one; empty: the context's
  std::string field_manager = "ksail";
  bool force_conflicts = true;
  bool dry_run = false;
  bool wait = false;
  bool fail_fast = false;
  bool replace_immutable = false; ///< delete and create what cannot be changed in place
  /// The set the objects are remembered by; with `prune` what it had before and has no more is deleted.
  std::optional<kubernetes::ApplySetParent> inventory;
  bool prune = false;
  std::string tool = "ksail/0"; ///< who keeps the inventory, and its version
  std::size_t concurrency = 32;
  /// To the server and back, if the caller knows it; 0: it is measured.
  std::chrono::nanoseconds round_trip{0};
  std::chrono::nanoseconds timeout{std::chrono::minutes(5)};
};

struct WorkloadReport {
  std::vector<ObjectOutcome> objects; ///< in the order of the input, then what was pruned
  unsigned failed = 0;
  double seconds = 0;
  std::string not_pruned;   ///< why nothing was, where it was wanted
  bool interrupted = false; ///< cancelled in the middle: what was under way has ended, the rest is skipped
};

/// Applies `objects`; `on_object` is called as each one ends. Failures of objects are in the report, not the Result;
/// the Result fails when nothing could be done at all (server unreachable, credentials, an inventory of somebody else).
/// Cancelled in the middle it starts nothing more, lets the requests under way end, so that it is known what they did,
/// and gives the report. Nothing is pruned unless every object was applied.
asio::awaitable<Result<WorkloadReport>> apply_objects(kubernetes::Client &client,
                                                      std::shared_ptr<const ObjectSet> objects,
                                                      WorkloadApplyOptions options, timing::Recorder &timing,
                                                      std::function<void(const ObjectOutcome &)> on_object);

} // namespace ksail
