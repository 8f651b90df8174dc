// SPDX-License-Identifier: Apache-2.0
// Everything about a Talos cluster that can be known before a node exists: secrets, machine configurations, addresses.
#pragma once

#include "distributions/distribution.hpp"

namespace ksail::talos {

/// Where machined keeps its configuration, and looks for it first of all when it starts (siderolabs/talos,
/// internal/app/machined, config.AcquireController): in the volume of its state. A file there, and not the USERDATA
/// variable that talosctl sets, keeps the cluster's keys out of what the provider shows of a node.
inline constexpr const char *config_file = "/system/state/config.yaml";
inline constexpr int talos_api_port = 50000;
inline constexpr int kubernetes_api_port = 6443;

Result<std::unique_ptr<ClusterPlan>> make_plan(const PlanInput &input);

} // namespace ksail::talos
