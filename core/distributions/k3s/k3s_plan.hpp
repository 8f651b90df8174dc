// SPDX-License-Identifier: Apache-2.0
// One K3s cluster: the nodes with everything that is in them before they start, and the steps that follow.
#pragma once

#include "distributions/distribution.hpp"

namespace ksail::k3s {

struct AgentSettings {
  std::string name, address, image;
  std::string registration; ///< address at which it joins
  std::string token;
  unsigned minor = 0;  ///< of the release
  bool waits = false;  ///< until it is let go (configuration.hpp, node_script)
};
NodeTemplate agent_node(const ClusterSpec &spec, const HostFacts &host, const AgentSettings &agent);

/// The keys of a cluster, for PlanInput::keys.
Result<std::shared_ptr<const KeyMaterial>> make_keys();
/// Node templates, keys, and the steps that follow. CPU time for a handful of keys; no I/O.
Result<std::unique_ptr<ClusterPlan>> make_plan(const PlanInput &input);

} // namespace ksail::k3s
