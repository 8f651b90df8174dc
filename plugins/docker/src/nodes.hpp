// SPDX-License-Identifier: Apache-2.0
// Which containers a cluster has, and which of them is meant by a node's name.
#pragma once

#include "engine.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <utility>

namespace ksail::docker {

/// Entries of GET /containers/json, stopped ones among them, that carry the cluster's label (any cluster's when it is
/// empty) and all of `labels`. One call.
asio::awaitable<Result<nlohmann::json>> list_containers(Engine &engine, std::string cluster, nlohmann::json labels,
                                                        Deadline deadline);

/// Names of nodes to ids of containers. Remembering an id saves a round trip; that it still means the same node is
/// certain, since the engine gives every container an id of its own.
class NodeIds {
public:
  void remember(const std::string &cluster, const std::string &node, const std::string &id) {
    ids_[{cluster, node}] = id;
  }
  void forget(const std::string &cluster, const std::string &node) { ids_.erase({cluster, node}); }
  void forget_cluster(const std::string &cluster) {
    std::erase_if(ids_, [&](const auto &entry) { return entry.first.first == cluster; });
  }
  /// not_found names the nodes that exist.
  asio::awaitable<Result<std::string>> find(Engine &engine, std::string cluster, std::string node, Deadline deadline);

private:
  std::map<std::pair<std::string, std::string>, std::string> ids_;
};

} // namespace ksail::docker
