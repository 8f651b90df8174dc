// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cluster_access.hpp"

#include "distributions/distribution.hpp"
#include "kubernetes/kubeconfig.hpp"
#include "orchestrator/cluster_state.hpp"
#include "orchestrator/labels.hpp"
#include "orchestrator/provider_verbs.hpp"

#include <algorithm>

namespace ksail {

namespace {

const ProviderNode *first_control_plane(const std::vector<ProviderNode> &nodes) {
  const auto found = std::find_if(nodes.begin(), nodes.end(), [](const ProviderNode &n) {
    return n.role == "control-plane" && n.state == "running";
  });
  return found == nodes.end() ? nullptr : &*found;
}

} // namespace

asio::awaitable<Result<std::string>> kubeconfig_of_nodes(Session &session, std::vector<ProviderNode> nodes, std::string name,
                                                   std::string context, Deadline deadline) {
  const ProviderNode *node = first_control_plane(nodes);
  if (!node)
    co_return Error(Code::failed_precondition, "no control plane of cluster '" + name + "' is running",
                    "`ksail cluster start --name " + name + "`");
  const auto server = published_api_server(nodes);
  if (!server) co_return Error(Code::failed_precondition, "no node of cluster '" + name + "' publishes the API server");
  const auto label = node->labels.find(label_distribution);
  const Distribution *distribution = label == node->labels.end() ? nullptr : find_distribution(label->second);
  if (!distribution)
    co_return Error(Code::failed_precondition,
                    "cluster '" + name + "' was made with a distribution this ksail does not know",
                    "use the ksail that made it");
  ProviderNodeAccess access(session.provider, name);
  auto text = co_await distribution->fetch_kubeconfig(access, node->name, context, *server, deadline);
  co_return text;
}

asio::awaitable<Result<kubernetes::ClusterAccess>> cluster_access(Session &session, std::vector<ProviderNode> nodes,
                                                                  std::string name, Deadline deadline) {
  const std::string context = context_name(name);
  auto text = co_await kubeconfig_of_nodes(session, std::move(nodes), name, context, deadline);
  if (!text) co_return text.error();
  co_return kubernetes::parse_access(*text, context);
}

} // namespace ksail
