// SPDX-License-Identifier: Apache-2.0
// Waiting until objects are really gone, and why some stay.
#pragma once

#include "kubernetes/client.hpp"
#include "orchestrator/workload_target.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>

namespace ksail {

/// Why an object that is being deleted is still there, from the object alone: its finalizers, what a Namespace says
/// about its contents, a pod's grace period. Empty when nothing is known. Pure.
std::string deletion_block(const nlohmann::json &object);

/// The same, having looked around: the pods that use a claim, the objects left of a definition's kind. Takes at most a
/// few seconds; `object` is its last known state.
asio::awaitable<std::string> explain_deletion_block(kubernetes::Client &client, WorkloadTarget target,
                                                    nlohmann::json object);

/// One watch per collection, opened when the first object of it is waited for. Lives on the client's executor; ends its
/// watches when destroyed.
class GoneWatch {
public:
  GoneWatch(kubernetes::Client &client, asio::any_io_executor ex, Deadline deadline);
  ~GoneWatch();
  GoneWatch(const GoneWatch &) = delete;
  GoneWatch &operator=(const GoneWatch &) = delete;

  /// Until the object with that uid is not there any more (another one of its name may be). deadline_exceeded with
  /// what blocks it.
  asio::awaitable<Result<void>> wait(WorkloadTarget target, std::string uid);

private:
  struct State;
  std::shared_ptr<State> state_;
};

} // namespace ksail
