// SPDX-License-Identifier: Apache-2.0
// From started nodes to a cluster that is Ready: what the host does, each step as soon as what it needs is there.
#pragma once

#include "distributions/addresses.hpp"
#include "distributions/distribution.hpp"
#include "distributions/vanilla/credentials.hpp"
#include "distributions/vanilla/kubeadm_config.hpp"

#include <memory>
#include <vector>

namespace ksail::vanilla {

/// Everything about one cluster that was decided before its nodes exist.
struct Cluster {
  ConfigInput config;
  Credentials credentials;
  std::vector<NodeIdentity> nodes; ///< the first is the control plane that bootstraps
  Subnet pods;
  std::string service_address; ///< of the API server's Service
  std::string dns_address;     ///< of the DNS Service

  /// etcd's --initial-cluster: "a=https://172.28.0.2:2380,b=...".
  std::string etcd_members() const {
    std::string text;
    for (const auto &node : nodes)
      if (node.control_plane)
        text += std::string(text.empty() ? "" : ",") + node.name + "=https://" + node.address + ":2380";
    return text;
  }
  /// Pod range of the node with that index: what the controller manager would give it.
  Result<std::string> pod_range(std::size_t index) const {
    auto part = part_of(pods, 24, static_cast<std::uint32_t>(index));
    if (!part) return part.error();
    return part->text();
  }
};

std::vector<BootstrapStep> bootstrap_steps(std::shared_ptr<Cluster> cluster);

} // namespace ksail::vanilla
