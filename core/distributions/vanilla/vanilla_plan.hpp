// SPDX-License-Identifier: Apache-2.0
// One cluster: the nodes with everything that is in them before they start, and the steps that follow.
#pragma once

#include "distributions/distribution.hpp"

namespace ksail::vanilla {

/// The host name by which nodes reach the API server.
std::string endpoint_host(const ClusterSpec &spec);
/// The keys of a cluster, for PlanInput::keys.
Result<std::shared_ptr<const KeyMaterial>> make_keys(const ClusterSpec &spec);
/// CPU only. Any thread.
Result<std::unique_ptr<ClusterPlan>> make_plan(const PlanInput &input);

} // namespace ksail::vanilla
