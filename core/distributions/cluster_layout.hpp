// SPDX-License-Identifier: Apache-2.0
// What every plan and every expansion begins with: the node image that was found, and an address for each node. Pure.
#pragma once

#include "distributions/addresses.hpp"
#include "distributions/load_balancer.hpp"

#include <optional>
#include <string>
#include <vector>

namespace ksail {

struct PlacedNode {
  std::string name;
  std::string address; ///< IPv4 in the cluster's network
};

struct ClusterLayout {
  ImageFacts image; ///< of the nodes
  Subnet network;
  std::vector<PlacedNode> control_planes, workers; ///< in the order of their numbers
  std::optional<LoadBalancer> balancer;            ///< in front of several control planes

  /// Publishes the API server.
  const std::string &api_node() const { return balancer ? balancer->name : control_planes.front().name; }
  /// Where the API server is reached inside the cluster's network, whichever control plane is there.
  const std::string &api_address() const { return balancer ? balancer->address : control_planes.front().address; }
};

/// Addresses go to control planes, workers and the load balancer in this order, from the second of the network on (the
/// first is its gateway's). Errors: Code::internal for an image of which nothing is known, else those of addresses.hpp.
Result<ClusterLayout> lay_out(const PlanInput &input);

/// Of a cluster that gets more workers.
struct ExpansionLayout {
  ImageFacts image;
  std::vector<PlacedNode> workers;             ///< the new ones, each at an address that no node has
  std::string control_plane_address;           ///< of ExpansionInput::control_plane
  std::optional<std::string> balancer_address; ///< where there are several control planes
};

/// Errors: as above.
Result<ExpansionLayout> lay_out(const ExpansionInput &input);

} // namespace ksail
