// SPDX-License-Identifier: Apache-2.0
#include "distributions/cluster_layout.hpp"

#include <set>

namespace ksail {

namespace {

/// Of a PlanInput or an ExpansionInput.
template <class Input> Result<ImageFacts> node_image(const Input &input) {
  const auto image = input.images.find(input.spec.node_image);
  if (image == input.images.end())
    return Error(Code::internal, "nothing is known of the node image " + input.spec.node_image);
  return image->second;
}

Result<Subnet> subnet_of(const NetworkFacts &facts) {
  auto network = parse_subnet(facts.subnet);
  if (!network) return Error(network.error()).in("the provider's network");
  return network;
}

} // namespace

Result<ClusterLayout> lay_out(const PlanInput &input) {
  const ClusterSpec &spec = input.spec;
  auto image = node_image(input);
  if (!image) return image.error();
  auto network = subnet_of(input.network);
  if (!network) return network.error();
  ClusterLayout layout;
  layout.image = std::move(*image);
  layout.network = *network;
  std::uint32_t next = 2;
  const auto place = [&](const std::vector<std::string> &names, std::vector<PlacedNode> &nodes) -> Result<void> {
    for (const auto &name : names) {
      auto address = address_in(*network, next++);
      if (!address) return address.error();
      nodes.push_back({name, std::move(*address)});
    }
    return {};
  };
  if (auto placed = place(spec.control_plane_names(), layout.control_planes); !placed) return placed.error();
  if (auto placed = place(spec.worker_names(), layout.workers); !placed) return placed.error();
  if (spec.control_planes < 2) return layout;

  const auto found = input.images.find(load_balancer_image(spec).ref);
  if (found == input.images.end()) return Error(Code::internal, "nothing is known of the load balancer's image");
  auto address = address_in(*network, next);
  if (!address) return address.error();
  LoadBalancer balancer;
  balancer.name = load_balancer_name(spec);
  balancer.address = std::move(*address);
  balancer.image = found->second.use;
  balancer.api_host_address = spec.api_host_address;
  balancer.api_host_port = spec.api_host_port;
  for (const auto &node : layout.control_planes)
    balancer.members.push_back({node.name, node.address});
  layout.balancer = std::move(balancer);
  return layout;
}

Result<ExpansionLayout> lay_out(const ExpansionInput &input) {
  auto image = node_image(input);
  if (!image) return image.error();
  auto network = subnet_of(input.network);
  if (!network) return network.error();
  ExpansionLayout layout;
  std::set<std::string> taken;
  for (const auto &node : input.nodes) {
    taken.insert(node.ipv4);
    if (node.name == input.control_plane) layout.control_plane_address = node.ipv4;
    if (node.role == load_balancer_role) layout.balancer_address = node.ipv4;
  }
  layout.image = std::move(*image);
  for (const auto &name : input.names) {
    auto address = free_address(*network, taken);
    if (!address) return address.error();
    layout.workers.push_back({name, std::move(*address)});
  }
  return layout;
}

} // namespace ksail
