// SPDX-License-Identifier: Apache-2.0
// Which objects of an apply have to become ready, and the waiting for it.
#pragma once

#include "orchestrator/claim_binding.hpp"
#include "orchestrator/object_set.hpp"
#include "orchestrator/workload.hpp"
#include "orchestrator/workload_order.hpp"
#include "orchestrator/workload_wait.hpp"
#include "orchestrator/workload_write.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <optional>
#include <set>
#include <string>
#include <utility>

namespace ksail {

/// Lives on the client's executor; what it is made of outlives it.
class AppliedWait {
public:
  AppliedWait(kubernetes::Client &client, asio::any_io_executor ex, const ObjectSet &objects,
              const WorkloadApplyOptions &options, const ApplyOrder &order, Deadline deadline);

  /// --wait, or because another object depends on it.
  bool is_needed(std::size_t i) const { return !options_.dry_run && (options_.wait || awaited_.contains(i)); }
  /// From here on states are kept; before the first object is applied.
  void begin();
  /// After object `i` was applied; the answer is a state like any other.
  asio::awaitable<Result<void>> wait(std::size_t i, const Written &applied);
  /// Ends the watches.
  void end() { watch_.reset(); }

private:
  kubernetes::Client &client_;
  asio::any_io_executor executor_;
  const ObjectSet &objects_;
  const WorkloadApplyOptions &options_;
  Deadline deadline_;
  ClaimBinding claims_;
  std::set<std::size_t> awaited_;                      ///< others depend on their readiness
  std::set<std::pair<std::string, std::string>> wide_; ///< (apiVersion, kind) in many namespaces
  std::optional<ReadinessWatch> watch_;
};

} // namespace ksail
