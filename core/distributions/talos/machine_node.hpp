// SPDX-License-Identifier: Apache-2.0
// One machine as a node that a provider makes: its settings, and what is in it before it starts. Pure; holds keys.
#pragma once

#include "distributions/distribution.hpp"
#include "distributions/talos/machine_config.hpp"

#include <string>

namespace ksail::talos {

struct MachineNode {
  std::string name, address;
  std::string image;
  MachineType type = MachineType::worker;
  std::string config; ///< its configuration, YAML
};

/// Settings are those of talosctl's containers, but for the configuration.
Result<NodeTemplate> machine_node(const MachineNode &machine, const SecretsBundle &secrets);

} // namespace ksail::talos
