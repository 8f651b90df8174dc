// SPDX-License-Identifier: Apache-2.0
// Reaching the API server of a cluster that runs, with nothing but its nodes known.
#pragma once

#include "kubernetes/client.hpp"
#include "orchestrator/cluster.hpp"
#include "orchestrator/node_answer.hpp"

#include <string>
#include <vector>

namespace ksail {

/// Kubeconfig read from a control plane that runs, with the server's address as it is published now. failed_precondition
/// when none runs or nothing is published.
asio::awaitable<Result<std::string>> kubeconfig_of_nodes(Session &session, std::vector<ProviderNode> nodes,
                                                         std::string name, std::string context, Deadline deadline);
asio::awaitable<Result<kubernetes::ClusterAccess>> cluster_access(Session &session, std::vector<ProviderNode> nodes,
                                                                  std::string name, Deadline deadline);

} // namespace ksail
