// SPDX-License-Identifier: Apache-2.0
// What runs on the nodes of a cluster beside its pods, as far as nodes have an API that tells it.
#pragma once

#include "distributions/node_services.hpp"
#include "orchestrator/cluster.hpp"
#include "orchestrator/node_answer.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ksail {

/// Of a cluster's nodes as the provider told them; asks the provider for nothing that it has told already. Nothing for a
/// distribution whose nodes have no such API.
asio::awaitable<Result<std::optional<std::vector<NodeService>>>>
cluster_services(Session &session, std::string name, const std::vector<ProviderNode> &nodes, Deadline deadline);

/// Logs of one service, of all nodes that have one when `options.node` is empty. Code::usage where nodes have no such
/// API.
asio::awaitable<Result<void>> service_logs(Session &session, std::string name, std::string service, LogOptions options,
                                           std::function<void(std::string_view node, std::string_view bytes)> emit,
                                           Deadline deadline);

} // namespace ksail
