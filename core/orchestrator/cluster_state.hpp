// SPDX-License-Identifier: Apache-2.0
// From nodes as a provider and as Kubernetes see them to one word about the cluster. Pure.
#pragma once

#include "orchestrator/cluster.hpp"
#include "orchestrator/node_answer.hpp"
#include "orchestrator/node_readiness.hpp"

#include <optional>
#include <string>
#include <vector>

namespace ksail {

/// Nodes of one cluster -> its status as far as the provider knows: Running, Stopped, Partial.
ClusterStatus status_from_provider(const std::vector<ProviderNode> &nodes, const std::string &provider_name);
/// All clusters among `nodes`, by name.
std::vector<ClusterStatus> group_clusters(const std::vector<ProviderNode> &nodes, const std::string &provider_name);
/// What the API server said, or why it could not be asked, folded in: Ready, NotReady, Unreachable; stays Stopped or
/// Partial where the nodes do not run.
void add_readiness(ClusterStatus &status, const Result<std::vector<NodeReadiness>> &readiness);
/// "https://127.0.0.1:40123" of the node that publishes 6443: the load balancer if there is one, else the first control
/// plane.
std::optional<std::string> published_api_server(const std::vector<ProviderNode> &nodes);

} // namespace ksail
