// SPDX-License-Identifier: Apache-2.0
// `ksail workload apply`: object set -> dependency graph -> parallel server-side apply -> optional readiness.
#pragma once

#include "kubernetes/client.hpp"
#include "manifests/object.hpp"
#include "orchestrator/progress.hpp"
#include "timing/timing.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace ksail {

struct ObjectOutcome {
  std::string object; ///< "Deployment shop/web"
  std::string effect; ///< created | configured | unchanged | failed | skipped
  double seconds = 0;
  std::optional<Error> error;
};

struct WorkloadApplyOptions {
  std::string default_namespace; ///< for namespaced objects without one; empty: the context's
  std::string field_manager = "ksail";
  bool force_conflicts = true;
  bool dry_run = false;
  bool wait = false;
  bool fail_fast = false;
  std::size_t concurrency = 32;
  std::chrono::nanoseconds timeout{std::chrono::minutes(5)};
};

struct WorkloadReport {
  std::vector<ObjectOutcome> objects; ///< in the order of the input
  unsigned failed = 0;
  double seconds = 0;
};

/// Applies `objects`; `on_object` is called as each one ends. Failures of objects are in the report, not the Result;
/// the Result fails when nothing could be done at all (server unreachable, credentials).
asio::awaitable<Result<WorkloadReport>> apply_objects(kubernetes::Client &client,
                                                      std::vector<manifests::Object> objects,
                                                      WorkloadApplyOptions options, timing::Recorder &timing,
                                                      std::function<void(const ObjectOutcome &)> on_object);

} // namespace ksail
