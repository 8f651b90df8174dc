// SPDX-License-Identifier: Apache-2.0
// The node in front of several control planes: HAProxy, passing TCP through to whichever API server answers. Its
// configuration is in place before it starts, since the control planes' addresses are known by then. Pure.
#pragma once

#include "distributions/distribution.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ksail {

inline constexpr std::string_view load_balancer_role = "load-balancer";
/// Taken unless the specification names another: what kind up to 0.31 puts in front of its control planes. An image
/// built by packaging/node-images/load-balancer may stand in for it.
inline constexpr std::string_view default_load_balancer_image = "docker.io/kindest/haproxy:v20230606-42a2262b";

struct LoadBalancer {
  struct Member {
    std::string name;    ///< of the node; only shown
    std::string address; ///< IPv4 inside the cluster's network
  };
  std::string name;
  std::string address; ///< its own
  std::string image;   ///< what the provider found for load_balancer_image()
  std::vector<Member> members;
  std::string api_host_address;    ///< where it publishes the API server
  std::uint16_t api_host_port = 0; ///< 0: the provider chooses
};

/// "<cluster>-load-balancer"
std::string load_balancer_name(const ClusterSpec &spec);
/// What a cluster with several control planes needs besides its node image.
ImageNeed load_balancer_image(const ClusterSpec &spec);
/// haproxy.cfg. An API server counts as there when it answers HTTP at all: until its default roles are written it
/// refuses strangers (401, 403), but serves those who have a certificate.
std::string load_balancer_config(const std::vector<LoadBalancer::Member> &members);
NodeTemplate load_balancer_node(const LoadBalancer &balancer);

} // namespace ksail
