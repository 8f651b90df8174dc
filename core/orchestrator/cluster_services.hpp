// SPDX-License-Identifier: Apache-2.0
// What runs on the nodes of a cluster beside its pods, as far as nodes have an API that tells it.
#pragma once

#include "distributions/node_services.hpp"
#include "orchestrator/cluster.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ksail {

/// Nothing for a distribution whose nodes have no such API.
asio::awaitable<Result<std::optional<std::vector<NodeService>>>> cluster_services(Session &session, std::string name,
                                                                                  Deadline deadline);

/// Logs of one service, of all nodes that have one when `options.node` is empty. Code::usage where nodes have no such
/// API.
asio::awaitable<Result<void>> service_logs(Session &session, std::string name, std::string service, LogOptions options,
                                           std::function<void(std::string_view node, std::string_view bytes)> emit,
                                           Deadline deadline);

} // namespace ksail
