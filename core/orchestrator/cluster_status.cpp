// SPDX-License-Identifier: Apache-2.0
// `cluster list` and `cluster status`: one observe call, and for status one read of the API server beside it.
#include "distributions/distribution.hpp"
#include "kubernetes/kubeconfig.hpp"
#include "orchestrator/cluster.hpp"
#include "orchestrator/cluster_info.hpp"
#include "orchestrator/cluster_services.hpp"
#include "orchestrator/cluster_state.hpp"
#include "orchestrator/labels.hpp"
#include "orchestrator/node_wait.hpp"
#include "orchestrator/provider_verbs.hpp"
#include "orchestrator/spec_label.hpp"

#include <ctime>

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

namespace {

struct Seen {
  ClusterStatus status;
  std::vector<ProviderNode> nodes;
};

asio::awaitable<Result<Seen>> look(Session &session, std::string name, StatusOptions options, Deadline deadline) {
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
  Seen seen;
  seen.status = status_from_provider(*nodes, session.provider_name);
  seen.status.context = context;
  add_readiness(seen.status, readiness);
  seen.nodes = std::move(*nodes);
  co_return seen;
}

std::string time_text(std::int64_t unix_seconds) {
  const std::time_t when = unix_seconds;
  std::tm fields{};
  ::gmtime_r(&when, &fields);
  char text[32];
  const auto length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &fields);
  return std::string(text, length);
}

} // namespace

asio::awaitable<Result<ClusterStatus>> cluster_status(Session &session, std::string name, StatusOptions options,
                                                      Deadline deadline) {
  const bool with_services = options.nodes;
  auto seen = co_await look(session, name, std::move(options), deadline);
  if (!seen) co_return seen.error();
  if (with_services) {
    auto services = co_await cluster_services(session, name, seen->nodes, deadline);
    if (services)
      seen->status.services = std::move(*services);
    else
      seen->status.services_unknown = services.error().message;
  }
  co_return std::move(seen->status);
}

asio::awaitable<Result<ClusterInfo>> cluster_info(Session &session, std::string name, StatusOptions options,
                                                  Deadline deadline) {
  const auto files = options.kubeconfig_files;
  auto seen = co_await look(session, name, std::move(options), deadline);
  if (!seen) co_return seen.error();
  ClusterInfo info;
  info.status = std::move(seen->status);
  info.spec.name = name;
  std::int64_t oldest = 0;
  for (const auto &node : seen->nodes) {
    if (node.role == "control-plane") ++info.control_planes;
    if (node.role == "worker") ++info.workers;
    if (node.created_unix > 0 && (oldest == 0 || node.created_unix < oldest)) oldest = node.created_unix;
    // A worker that was added later tells the same; the first control plane is the first of the list.
    if (const auto label = node.labels.find(label_spec); label != node.labels.end() && info.spec.node_image.empty())
      if (auto spec = parse_spec(label->second)) info.spec = std::move(*spec);
    if (const auto label = node.labels.find(label_version); label != node.labels.end() && info.ksail_version.empty())
      info.ksail_version = label->second;
  }
  if (oldest > 0) info.created = time_text(oldest);
  if (kubernetes::load_access(files, info.status.context))
    info.kubeconfig_file = kubernetes::kubeconfig_file_of(files, info.status.context);
  co_return info;
}

} // namespace ksail
