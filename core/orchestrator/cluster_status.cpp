// SPDX-License-Identifier: Apache-2.0
// `cluster list` and `cluster status`: one observe call, and for status one read of the API server beside it.
#include "distributions/distribution.hpp"
#include "kubernetes/kubeconfig.hpp"
#include "orchestrator/cluster.hpp"
#include "orchestrator/cluster_state.hpp"
#include "orchestrator/node_wait.hpp"
#include "orchestrator/provider_verbs.hpp"

namespace ksail {

namespace {

asio::awaitable<Result<std::vector<NodeReadiness>>> read_nodes(Session &session, const StatusOptions &options,
                                                               std::string context, Deadline deadline) {
  auto access = kubernetes::load_access(options.kubeconfig_files, context);
  if (!access)
    co_return Error(Code::config, "no kubeconfig has context " + context + ", so its API server was not asked",
                    "`ksail cluster kubeconfig` writes it");
  http::PoolOptions pool;
  pool.connect_timeout = std::chrono::seconds(3);
  kubernetes::Client client(session.executor, std::move(*access), pool);
  auto nodes = co_await list_node_readiness(client, deadline);
  co_return nodes;
}

} // namespace

asio::awaitable<Result<std::vector<NodeReadiness>>> list_node_readiness(kubernetes::Client &client, Deadline deadline) {
  // resourceVersion=0: whatever the server has in memory is recent enough and costs it no quorum read.
  auto list = co_await client.get("/api/v1/nodes?resourceVersion=0", deadline);
  if (!list) co_return list.error();
  std::vector<NodeReadiness> nodes;
  for (const auto &item : list->value("items", nlohmann::json::array()))
    nodes.push_back(node_readiness(item));
  co_return nodes;
}

asio::awaitable<Result<std::vector<ClusterStatus>>> list_clusters(Session &session, Deadline deadline) {
  auto nodes = co_await observe_nodes(session.provider, std::string(), deadline);
  if (!nodes) co_return nodes.error();
  co_return group_clusters(*nodes, session.provider_name);
}

asio::awaitable<Result<ClusterStatus>> cluster_status(Session &session, std::string name, StatusOptions options,
                                                      Deadline deadline) {
  const std::string context = options.context.empty() ? context_name(name) : options.context;
  Result<std::vector<ProviderNode>> nodes = std::vector<ProviderNode>();
  Result<std::vector<NodeReadiness>> readiness = std::vector<NodeReadiness>();
  std::vector<std::function<asio::awaitable<Result<void>>()>> both;
  both.push_back([&]() -> asio::awaitable<Result<void>> {
    nodes = co_await observe_nodes(session.provider, name, deadline);
    co_return Result<void>();
  });
  both.push_back([&]() -> asio::awaitable<Result<void>> {
    readiness = co_await read_nodes(session, options, context, deadline.min(Deadline::after(std::chrono::seconds(5))));
    co_return Result<void>();
  });
  ForEachOptions at_once;
  Result<void> asked = co_await run_all(std::move(both), at_once);
  if (!asked) co_return asked.error();
  if (!nodes) co_return nodes.error();
  if (nodes->empty())
    co_return Error(Code::not_found, "there is no cluster '" + name + "' on " + session.provider_name,
                    "`ksail cluster list` shows what exists; `ksail cluster create --name " + name + "` creates it");
  ClusterStatus status = status_from_provider(*nodes, session.provider_name);
  status.context = context;
  add_readiness(status, readiness);
  co_return status;
}

} // namespace ksail
