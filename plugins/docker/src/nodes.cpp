// SPDX-License-Identifier: Apache-2.0
#include "nodes.hpp"

#include "labels.hpp"
#include "node_view.hpp"

namespace ksail::docker {

asio::awaitable<Result<nlohmann::json>> list_containers(Engine &engine, std::string cluster, nlohmann::json labels,
                                                        Deadline deadline) {
  EngineCall call("GET", "/containers/json?all=1&filters=" + label_filter(cluster, labels),
                  cluster.empty() ? "list the nodes of all clusters" : "list the nodes of cluster '" + cluster + "'");
  auto listed = co_await engine.require_json(std::move(call), deadline);
  if (listed && !listed->is_array())
    co_return Error(Code::internal, "the Docker engine's list of containers is no list");
  co_return std::move(listed);
}

asio::awaitable<Result<std::string>> NodeIds::find(Engine &engine, std::string cluster, std::string node,
                                                   Deadline deadline) {
  if (const auto known = ids_.find({cluster, node}); known != ids_.end()) co_return known->second;
  auto listed = co_await list_containers(engine, cluster, nlohmann::json::object(), deadline);
  if (!listed) co_return listed.error();
  std::string existing;
  for (const auto &entry : *listed) {
    const std::string name = entry_name(entry);
    remember(cluster, name, entry.value("Id", std::string()));
    existing += (existing.empty() ? "" : ", ") + name;
  }
  if (const auto known = ids_.find({cluster, node}); known != ids_.end()) co_return known->second;
  co_return Error(Code::not_found, "there is no node '" + node + "' in cluster '" + cluster + "'",
                  existing.empty() ? "the cluster has no nodes" : "its nodes are " + existing);
}

} // namespace ksail::docker
