// SPDX-License-Identifier: Apache-2.0
// What Talos would refuse in a machine configuration, found out before a node is made.
//
// Source of the rules: siderolabs/talos, pkg/machinery/config/types/v1alpha1 (validation) and config/container. It is a
// part of Talos' own validation: what generated configurations and usual patches can get wrong. Pure; any thread.
#pragma once

#include "distributions/talos/config_tree.hpp"
#include "distributions/talos/contract.hpp"

#include <string>
#include <vector>

namespace ksail::talos {

/// Where the machine runs: in a container, from a cloud's disk image, or installed from removable media.
enum class MachineMode { container, cloud, metal };

struct ConfigProblem {
  std::string field; ///< "cluster.controlPlane.endpoint"
  std::string what;  ///< "is not an absolute URL"
};
std::vector<ConfigProblem> config_problems(const Documents &config, Contract contract, MachineMode mode);

/// The same as an error: Code::config, one line for each problem; `what` names the configuration.
Result<void> check_config(const Documents &config, Contract contract, MachineMode mode, const std::string &what);

} // namespace ksail::talos
