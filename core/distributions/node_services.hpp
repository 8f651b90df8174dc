// SPDX-License-Identifier: Apache-2.0
// What runs on a node beside its pods, where nodes have an API of their own that tells it.
#pragma once

#include "distributions/distribution.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ksail {

struct NodeService {
  std::string node, name;
  std::string state;   ///< as the distribution calls it: "Running"
  bool healthy = true; ///< runs, and its check, if it has one, says so
  std::string message; ///< why it is not healthy
};

struct ServiceLogRequest {
  std::vector<std::string> nodes; ///< whose
  std::string service;            ///< "kubelet"
  bool follow = false;
  unsigned tail = 200; ///< lines
};

class NodeServices {
public:
  virtual ~NodeServices() = default;
  /// Of the nodes that run, each node's in the order in which it tells them. `nodes` are a cluster's, in any state.
  virtual asio::awaitable<Result<std::vector<NodeService>>>
  list(asio::any_io_executor executor, NodeAccess &access, std::vector<NodeFacts> nodes, Deadline deadline) const = 0;
  /// `emit` gets node and bytes as they come. Ends with the logs, or at the deadline.
  virtual asio::awaitable<Result<void>> logs(asio::any_io_executor executor, NodeAccess &access,
                                             std::vector<NodeFacts> nodes, ServiceLogRequest request,
                                             std::function<void(std::string_view node, std::string_view bytes)> emit,
                                             Deadline deadline) const = 0;
  /// Lets pods run on the control planes, and stay there after a restart. `nodes` are those that run.
  virtual asio::awaitable<Result<void>> free_control_planes(asio::any_io_executor executor, NodeAccess &access,
                                                            std::vector<NodeFacts> nodes, Deadline deadline) const = 0;
};

/// Of a distribution by its display name; nullptr where nodes have no such API.
const NodeServices *node_services(std::string_view distribution);

} // namespace ksail
