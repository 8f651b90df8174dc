// SPDX-License-Identifier: Apache-2.0
// What happens after the nodes of a Talos cluster have started: one call makes etcd, machined does the rest, and the
// steps wait for what has to be true at the end.
#pragma once

#include "distributions/distribution.hpp"
#include "distributions/talos/image_pulls.hpp"
#include "distributions/talos/secrets.hpp"

#include <memory>
#include <string>
#include <vector>

namespace ksail::talos {

struct Machine {
  std::string name;
  std::string address;          ///< IPv4 in the cluster's network
  std::vector<ImagePull> pulls; ///< of images that it has not yet
};

struct Cluster {
  ClusterSpec spec;
  std::string kubernetes_version;
  std::vector<Machine> control_planes; ///< the first is bootstrapped, and publishes the Talos API
  std::vector<Machine> workers;
  std::string api_node; ///< publishes the API server
  SecretsBundle secrets;
  pki::KeyPair api_client; ///< of the Talos API
  pki::KeyPair admin;      ///< of Kubernetes
};

std::vector<BootstrapStep> bootstrap_steps(std::shared_ptr<Cluster> cluster);

} // namespace ksail::talos
