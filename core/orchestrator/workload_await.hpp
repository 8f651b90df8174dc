// SPDX-License-Identifier: Apache-2.0
// `ksail workload wait`: until objects are ready, have a condition, or are gone.
#pragma once

#include "kubernetes/client.hpp"
#include "manifests/object.hpp"
#include "timing/timing.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ksail {

inline constexpr std::size_t namespaces_per_watch = 3; ///< beyond, one watch over all namespaces is cheaper

struct WorkloadAwaitOptions {
  enum class Until { ready, condition, gone };
  Until until = Until::ready;
  std::string condition;         ///< its type, with Until::condition
  std::string status = "True";   ///< and what it has to be
  std::string default_namespace; ///< for namespaced objects without one; empty: the context's
  std::chrono::nanoseconds timeout{std::chrono::minutes(5)};
};

struct AwaitedObject {
  std::string object; ///< "Deployment shop/web"
  double seconds = 0;
  std::optional<Error> error; ///< why it did not come to that
};

/// An object that does not exist (yet) is waited for as well. Failures of objects are in the list, which is in the
/// order of `objects`; the Result fails when nothing could be asked at all.
asio::awaitable<Result<std::vector<AwaitedObject>>>
await_objects(kubernetes::Client &client, std::vector<manifests::Object> objects, WorkloadAwaitOptions options,
              timing::Recorder &timing, std::function<void(const AwaitedObject &)> on_object);

} // namespace ksail
