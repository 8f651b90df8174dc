// SPDX-License-Identifier: Apache-2.0
// Taking nodes out of service: what runs on them, what would be lost, and moving it away.
#pragma once

#include "kubernetes/client.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ksail {

/// What stands against removing nodes. Pure; from the lists of pods and persistent volumes.
struct DrainPlan {
  struct Pod {
    std::string ns, name, node, uid;
  };
  std::vector<Pod> evicted;           ///< started again elsewhere by who controls them
  std::vector<std::string> lost_pods; ///< "shop/job on dev-worker2": nobody would start them again
  std::vector<std::string> lost_volumes; ///< "shop/data on dev-worker2": their content lies on the node
};
DrainPlan plan_drain(const std::vector<std::string> &nodes, const nlohmann::json &pods, const nlohmann::json &volumes);

/// Lists pods and volumes and plans.
asio::awaitable<Result<DrainPlan>> plan_drain(kubernetes::Client &client, std::vector<std::string> nodes,
                                              Deadline deadline);

/// (Un)schedulable.
asio::awaitable<Result<void>> cordon(kubernetes::Client &client, std::string node, bool off, Deadline deadline);

/// Evicts the pods of the plan, respecting disruption budgets, and waits until they are gone. A timeout names the pods
/// that stay and what the API server says about them.
asio::awaitable<Result<void>> drain(kubernetes::Client &client, DrainPlan plan,
                                    std::function<void(std::size_t gone, std::size_t total)> on_change,
                                    Deadline deadline);

} // namespace ksail
