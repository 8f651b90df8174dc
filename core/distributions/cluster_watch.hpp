// SPDX-License-Identifier: Apache-2.0
// What every distribution waits for once the API server answers: its nodes, and a pod of the cluster's DNS.
#pragma once

#include "distributions/distribution.hpp"
#include "kubernetes/client.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace ksail {

struct NodeWait {
  std::vector<std::string> names;
  bool only_registered = false; ///< without a pod network nothing becomes Ready
  /// When a node counts as registered; nothing: as soon as it is there.
  std::function<bool(const nlohmann::json &node)> registered;
  bool with_reasons = false; ///< the error tells what each missing node says of itself
};

/// One watch, until all of `wait.names` are Ready or registered; tells the progress of "nodes-ready". On the client's
/// executor. Code::deadline_exceeded names the missing ones.
asio::awaitable<Result<void>> wait_for_nodes(kubernetes::Client &client, BootstrapContext &context, NodeWait wait);

/// One watch, until the API server on each of the machines answers: each of them writes its address into the Service
/// `kubernetes` once its own /readyz is fine (kubernetes/kubernetes, pkg/controlplane, kubernetesservice). `machines`
/// are names and IPv4 addresses. Tells the progress of "control-planes"; Code::deadline_exceeded names the missing
/// ones.
asio::awaitable<Result<void>> wait_for_api_servers(kubernetes::Client &client, BootstrapContext &context,
                                                   std::vector<std::pair<std::string, std::string>> machines);

/// One watch, until a pod of the cluster's DNS is Ready: the name of its node.
asio::awaitable<Result<std::string>> wait_for_dns_pod(kubernetes::Client &client, BootstrapContext &context);

} // namespace ksail
