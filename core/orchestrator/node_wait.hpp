// SPDX-License-Identifier: Apache-2.0
// Reading and awaiting the readiness of nodes through the API server.
#pragma once

#include "kubernetes/client.hpp"
#include "orchestrator/node_readiness.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ksail {

/// One list call.
asio::awaitable<Result<std::vector<NodeReadiness>>> list_node_readiness(kubernetes::Client &client, Deadline deadline);

/// Watches until every node of `names` is Ready with a heartbeat not older than `not_before_unix` (a node that was just
/// started again still shows the condition of its former life). `on_change` gets how many are. A timeout names the
/// nodes that are not, and why.
asio::awaitable<Result<void>> wait_nodes_ready(kubernetes::Client &client, std::vector<std::string> names,
                                               std::int64_t not_before_unix,
                                               std::function<void(std::size_t ready, std::size_t total)> on_change,
                                               Deadline deadline);

/// The same until their kubelets have reported, Ready or not.
asio::awaitable<Result<void>> wait_nodes_registered(kubernetes::Client &client, std::vector<std::string> names,
                                                    std::function<void(std::size_t there, std::size_t total)> on_change,
                                                    Deadline deadline);

} // namespace ksail
