// SPDX-License-Identifier: Apache-2.0
// `ksail workload diff`: what an apply would change, found by the server's own dry run.
#pragma once

#include "kubernetes/client.hpp"
#include "manifests/object.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace ksail {

struct WorkloadDiffOptions {
  std::string default_namespace; ///< for namespaced objects without one; empty: the context's
  std::string field_manager = "ksail";
  bool force_conflicts = true;
  std::size_t concurrency = 32;
  std::chrono::nanoseconds timeout{std::chrono::minutes(5)};
};

struct ObjectDifference {
  std::string object; ///< "Deployment shop/web"
  std::string change; ///< same | added | changed | failed
  std::string text;   ///< the unified diff; empty when the same
  std::string note;   ///< why the server could not be asked for the whole truth; usually empty
  std::optional<Error> error;
};

/// In the order of `objects`. An object whose Namespace or definition is only added by the same set cannot be tried by
/// the server: it is shown as the manifest has it, with a note. Failures of objects are in the list; the Result fails
/// when nothing could be asked at all.
asio::awaitable<Result<std::vector<ObjectDifference>>>
diff_objects(kubernetes::Client &client, std::vector<manifests::Object> objects, WorkloadDiffOptions options);

} // namespace ksail
