// SPDX-License-Identifier: Apache-2.0
// `ksail workload delete`: objects in the reverse of the order they need each other, until they are really gone.
#pragma once

#include "kubernetes/client.hpp"
#include "manifests/object.hpp"
#include "timing/timing.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ksail {

struct WorkloadDeleteOptions {
  std::string default_namespace;             ///< for namespaced objects without one; empty: the context's
  std::string propagation = "Background";    ///< Background | Foreground | Orphan: what becomes of what they own
  std::optional<std::int64_t> grace_seconds; ///< for pods; unset: their own
  bool wait = true;
  bool dry_run = false;
  std::vector<std::string> uids; ///< of the objects, in their order: only these very ones. Empty: whatever has the name
  std::size_t concurrency = 32;
  std::chrono::nanoseconds timeout{std::chrono::minutes(5)};
};

struct DeletionOutcome {
  std::string object; ///< "Deployment shop/web"
  std::string effect; ///< deleted | absent | failed | skipped
  std::string note;   ///< why it is absent, when that is not plain
  double seconds = 0;
  std::optional<Error> error;
};

struct DeletionReport {
  std::vector<DeletionOutcome> objects; ///< in the order of the input
  unsigned failed = 0;                  ///< and skipped
};

struct DeletionEvents {
  std::function<void(const DeletionOutcome &)> ended;
  /// The request was taken, but something holds the object: title and reason.
  std::function<void(const std::string &title, const std::string &reason)> held;
};

/// What is gone already is no failure. Custom resources, and what others depend on, are waited for before the rest is
/// deleted: what removes their finalizers may be part of the rest. Failures of objects are in the report; the Result
/// fails when nothing could be done at all.
asio::awaitable<Result<DeletionReport>> delete_objects(kubernetes::Client &client,
                                                       std::vector<manifests::Object> objects,
                                                       WorkloadDeleteOptions options, timing::Recorder &timing,
                                                       DeletionEvents events);

} // namespace ksail
