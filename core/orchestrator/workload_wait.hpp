// SPDX-License-Identifier: Apache-2.0
// Waiting for objects to become ready, on watches that many waiters share.
#pragma once

#include "kubernetes/client.hpp"
#include "orchestrator/workload_readiness.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <memory>
#include <string>

namespace ksail {

/// One watch per kind and namespace (or per kind, where an object is `wide`), opened when the first object of it is
/// waited for. Where pods run, their pods are watched too, so that an image that cannot be pulled fails the wait at
/// once. Lives on the client's executor; ends its watches when destroyed.
class ReadinessWatch {
public:
  /// `patience` is only for messages: how long the whole command was willing to wait.
  ReadinessWatch(kubernetes::Client &client, asio::any_io_executor ex, Deadline deadline,
                 std::chrono::nanoseconds patience);
  ~ReadinessWatch();
  ReadinessWatch(const ReadinessWatch &) = delete;
  ReadinessWatch &operator=(const ReadinessWatch &) = delete;

  struct Wanted {
    kubernetes::ResourceInfo info;
    std::string ns, name;
    std::string title; ///< "Deployment shop/web"
    ReadinessHints hints;
    bool wide = false; ///< watch the kind in all namespaces
  };
  /// Objects that will be waited for: states that arrive before their wait begins are kept. By kind, namespace and
  /// name.
  void expect(const std::string &kind, const std::string &ns, const std::string &name);
  /// Until it is ready. Errors: deadline_exceeded with the reason why it is not ready; failed_precondition when it
  /// failed for good, with what its pods and events say.
  asio::awaitable<Result<void>> wait(Wanted wanted);

private:
  struct State;
  std::shared_ptr<State> state_;
};

} // namespace ksail
