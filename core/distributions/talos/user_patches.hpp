// SPDX-License-Identifier: Apache-2.0
// The patches that a user gave for the machine configurations of a cluster. Pure; any thread.
#pragma once

#include "distributions/cluster_spec.hpp"
#include "distributions/talos/config_patch.hpp"
#include "distributions/talos/machine_config.hpp"

#include <string>
#include <vector>

namespace ksail::talos {

struct UserPatch {
  std::string role; ///< as in MachinePatch
  ConfigPatch patch;
};

/// Errors: Code::config, beginning with file:line.
Result<std::vector<UserPatch>> parse_user_patches(const ClusterSpec &spec);

/// Applies those that are meant for this type of machine, in their order.
Result<void> apply_user_patches(Documents &config, const std::vector<UserPatch> &patches, MachineType type);

/// Whether they can be applied to configurations of this contract, and what comes out is one: errors begin with the
/// file and line that a wrong field comes from, where it can be told. Makes keys for it.
Result<void> try_user_patches(const ClusterSpec &spec, Contract contract);

} // namespace ksail::talos
