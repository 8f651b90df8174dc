// SPDX-License-Identifier: Apache-2.0
// `ksail workload status`: the state of objects and of what they own, once or for as long as one looks.
#pragma once

#include "kubernetes/client.hpp"
#include "manifests/object.hpp"
#include "orchestrator/status_board.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace ksail {

struct WorkloadStatusOptions {
  std::string default_namespace; ///< for namespaced objects without one; empty: the context's
  bool all_namespaces = false;   ///< without objects: not only the default namespace
  std::chrono::nanoseconds timeout{std::chrono::seconds(30)}; ///< without following
  /// Set: goes on, and is called whenever something has changed, until cancelled.
  std::function<void(const std::vector<StatusNode> &)> follow;
};

/// Of `objects`, or, when there are none, of everything that runs in a namespace (workloads, services, claims,
/// ingresses). What cannot be read is Unknown; the Result fails when nothing could be asked at all.
asio::awaitable<Result<std::vector<StatusNode>>>
workload_status(kubernetes::Client &client, std::vector<manifests::Object> objects, WorkloadStatusOptions options);

} // namespace ksail
