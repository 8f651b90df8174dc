// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cluster_services.hpp"

#include "orchestrator/existing_nodes.hpp"
#include "orchestrator/labels.hpp"
#include "orchestrator/provider_verbs.hpp"

namespace ksail {

namespace {

std::string distribution_of(const std::vector<ProviderNode> &nodes) {
  for (const auto &node : nodes)
    if (const auto label = node.labels.find(label_distribution); label != node.labels.end()) return label->second;
  return {};
}

} // namespace

asio::awaitable<Result<std::optional<std::vector<NodeService>>>>
cluster_services(Session &session, std::string name, const std::vector<ProviderNode> &nodes, Deadline deadline) {
  const NodeServices *services = node_services(distribution_of(nodes));
  if (!services) co_return std::optional<std::vector<NodeService>>();
  ProviderNodeAccess access(session.provider, name);
  auto listed = co_await services->list(session.executor, access, running_nodes(nodes), deadline);
  if (!listed) co_return listed.error();
  co_return std::optional<std::vector<NodeService>>(std::move(*listed));
}

asio::awaitable<Result<void>> service_logs(Session &session, std::string name, std::string service, LogOptions options,
                                           std::function<void(std::string_view node, std::string_view bytes)> emit,
                                           Deadline deadline) {
  auto nodes = co_await existing_nodes(session, name, deadline);
  if (!nodes) co_return nodes.error();
  const std::string distribution = distribution_of(*nodes);
  const NodeServices *services = node_services(distribution);
  if (!services)
    co_return Error(Code::usage, "nodes of " + distribution + " have no API that gives the log of one service",
                    "leave --service away: the nodes' own logs are all there is");
  ServiceLogRequest request;
  std::string known;
  for (const auto &node : *nodes) {
    known += (known.empty() ? "" : ", ") + node.name;
    if (options.node.empty() || node.name == options.node) request.nodes.push_back(node.name);
  }
  if (request.nodes.empty())
    co_return Error(Code::not_found, "cluster '" + name + "' has no node '" + options.node + "'",
                    "its nodes are " + known);
  request.service = std::move(service);
  request.follow = options.follow;
  request.tail = options.tail;
  ProviderNodeAccess access(session.provider, name);
  co_return co_await services->logs(session.executor, access, running_nodes(*nodes), std::move(request),
                                    std::move(emit), deadline);
}

} // namespace ksail
