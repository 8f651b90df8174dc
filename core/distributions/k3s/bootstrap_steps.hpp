// SPDX-License-Identifier: Apache-2.0
// What happens after the nodes of a K3s cluster have started. K3s does the work; these steps let nodes join as early as
// possible, and wait for what has to be true at the end.
#pragma once

#include "distributions/distribution.hpp"
#include "distributions/k3s/credentials.hpp"

#include <memory>

namespace ksail::k3s {

struct Cluster {
  ClusterSpec spec;
  Credentials credentials;
  std::string kubernetes_version;
  std::vector<std::string> servers; ///< the first is joined by the others
  std::vector<std::string> agents;
  std::string load_balancer = {}; ///< in front of several servers; or empty
};

std::vector<BootstrapStep> bootstrap_steps(std::shared_ptr<Cluster> cluster);

} // namespace ksail::k3s
