// SPDX-License-Identifier: Apache-2.0
// `cluster start|stop|kubeconfig|logs`.
#include "distributions/distribution.hpp"
#include "kubernetes/kubeconfig.hpp"
#include "orchestrator/cluster.hpp"
#include "orchestrator/cluster_access.hpp"
#include "orchestrator/cluster_state.hpp"
#include "orchestrator/existing_nodes.hpp"
#include "orchestrator/graph.hpp"
#include "orchestrator/labels.hpp"
#include "orchestrator/node_wait.hpp"
#include "orchestrator/provider_verbs.hpp"

#include <algorithm>

namespace ksail {

using nlohmann::json;

asio::awaitable<Result<ClusterStatus>> start_cluster(Session &session, std::string name,
                                                     std::vector<std::string> kubeconfig_files, Deadline deadline) {
  auto before = co_await existing_nodes(session, name, deadline);
  if (!before) co_return before.error();
  std::vector<std::string> members;
  for (const auto &node : *before)
    if (node.role != "load-balancer") members.push_back(node.name);
  const bool all_running =
      std::all_of(before->begin(), before->end(), [](const ProviderNode &n) { return n.state == "running"; });
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  const std::string context = context_name(name);
  std::optional<kubernetes::ClusterAccess> reach;

  Graph graph;
  graph.add({"start",
             "nodes",
             "Starting " + std::to_string(before->size()) + " nodes",
             {},
             [&]() -> asio::awaitable<Result<void>> {
               json body = {{"cluster", name}, {"operation_id", "start-" + name}};
               auto reply = co_await call_verb(session.provider, "start_nodes", std::move(body),
                                               std::vector<plugins::Blob>(), deadline, plugins::EventHandler());
               if (!reply) co_return reply.error();
               co_return Result<void>();
             }});
  graph.add({"kubeconfig", "nodes", "", {"start"}, [&]() -> asio::awaitable<Result<void>> {
               auto nodes = co_await observe_nodes(session.provider, name, deadline);
               if (!nodes) co_return nodes.error();
               auto text = co_await kubeconfig_of_nodes(session, *nodes, name, context, deadline);
               if (!text) co_return text.error();
               auto access = kubernetes::parse_access(*text, context);
               if (!access) co_return access.error();
               reach = std::move(*access);
               // The published port may have changed; the entry is written where it stands, else to the file in effect.
               co_return kubernetes::merge_kubeconfig(kubernetes::kubeconfig_file_of(kubeconfig_files, context), *text,
                                                      deadline.min(Deadline::after(std::chrono::seconds(20))));
             }});
  graph.add({"ready", "ready", "Waiting for the nodes", {"kubeconfig"}, [&]() -> asio::awaitable<Result<void>> {
               kubernetes::Client client(session.executor, *reach, http::PoolOptions());
               auto answering = co_await client.wait_until_answering("/readyz", deadline);
               if (!answering) co_return answering.error();
               auto waited = co_await wait_nodes_ready(
                   client, members, all_running ? 0 : now,
                   [&](std::size_t ready, std::size_t total) {
                     session.progress.step_text("ready",
                                                std::to_string(ready) + " of " + std::to_string(total) + " Ready");
                   },
                   deadline);
               co_return waited;
             }});
  Result<void> started = co_await graph.run(session.progress, session.timing);
  if (!started) co_return started.error();
  StatusOptions options;
  options.kubeconfig_files = std::move(kubeconfig_files);
  auto status = co_await cluster_status(session, name, std::move(options), deadline);
  co_return status;
}

asio::awaitable<Result<void>> stop_cluster(Session &session, std::string name, Deadline deadline) {
  auto nodes = co_await existing_nodes(session, name, deadline);
  if (!nodes) co_return nodes.error();
  Graph graph;
  graph.add({"stop",
             "nodes",
             "Stopping " + std::to_string(nodes->size()) + " nodes",
             {},
             [&]() -> asio::awaitable<Result<void>> {
               json body = {{"cluster", name}, {"grace_seconds", 10}, {"operation_id", "stop-" + name}};
               auto reply = co_await call_verb(session.provider, "stop_nodes", std::move(body),
                                               std::vector<plugins::Blob>(), deadline, plugins::EventHandler());
               if (!reply) co_return reply.error();
               co_return Result<void>();
             }});
  co_return co_await graph.run(session.progress, session.timing);
}

asio::awaitable<Result<std::string>> cluster_kubeconfig(Session &session, std::string name, std::string context,
                                                        Deadline deadline) {
  auto nodes = co_await existing_nodes(session, name, deadline);
  if (!nodes) co_return nodes.error();
  if (context.empty()) context = context_name(name);
  auto text = co_await kubeconfig_of_nodes(session, std::move(*nodes), name, context, deadline);
  co_return text;
}

asio::awaitable<Result<void>> cluster_logs(Session &session, std::string name, LogOptions options,
                                           std::function<void(std::string_view node, std::string_view bytes)> emit,
                                           Deadline deadline) {
  auto nodes = co_await existing_nodes(session, name, deadline);
  if (!nodes) co_return nodes.error();
  std::vector<std::string> chosen;
  std::string known;
  for (const auto &node : *nodes) {
    known += (known.empty() ? "" : ", ") + node.name;
    if (options.node.empty() || node.name == options.node) chosen.push_back(node.name);
  }
  if (chosen.empty())
    co_return Error(Code::not_found, "cluster '" + name + "' has no node '" + options.node + "'",
                    "its nodes are " + known);
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (const auto &node : chosen)
    work.push_back([&, node]() -> asio::awaitable<Result<void>> {
      json body = {{"cluster", name}, {"node", node}, {"follow", options.follow}, {"tail", options.tail}};
      plugins::EventHandler on_event = [&emit, node](const json &, const std::vector<plugins::Blob> &blobs) {
        for (const auto &blob : blobs)
          emit(node, blob.data);
      };
      auto reply = co_await session.provider.call("logs", std::move(body), std::vector<plugins::Blob>(), deadline,
                                                  std::move(on_event));
      if (!reply) co_return reply.error();
      if (const auto *log = reply->blob("log")) emit(node, *log);
      co_return Result<void>();
    });
  ForEachOptions keep_going;
  keep_going.stop_on_failure = false;
  co_return co_await run_all(std::move(work), keep_going);
}

} // namespace ksail
