// SPDX-License-Identifier: Apache-2.0
// What a specification asks for, in the words of machine configurations. Pure.
#pragma once

#include "distributions/cluster_layout.hpp"
#include "distributions/distribution.hpp"
#include "distributions/talos/machine_config.hpp"
#include "distributions/talos/release.hpp"

#include <string>

namespace ksail::talos {

/// For machines made of `image`; `endpoint` is the API server's URL inside the cluster's network.
Result<ClusterConfig> cluster_config(const ClusterSpec &spec, const Release &release, const ImageFacts &image,
                                     std::string endpoint);

/// What the control planes get instead of a load balancer's address is the first one's own: a machine that joins looks
/// for etcd's members at the endpoint and at its own address, until an API server tells of others, and gives each try
/// 30 s (siderolabs/talos, internal/app/machined, services.buildInitialCluster).
ClusterConfig of_control_planes(ClusterConfig config, const ClusterLayout &layout);

/// The user's, or new ones. Errors: those of SecretsBundle::parse.
Result<SecretsBundle> cluster_secrets(const ClusterSpec &spec);

/// "https://10.5.0.2:6443"
std::string endpoint_url(const std::string &address);

} // namespace ksail::talos
