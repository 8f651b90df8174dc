// SPDX-License-Identifier: Apache-2.0
// One K3s cluster: the nodes with everything that is in them before they start, and the steps that follow.
#pragma once

#include "distributions/distribution.hpp"

namespace ksail::k3s {

/// Node templates, keys, and the steps that follow. CPU time for a handful of keys; no I/O.
Result<std::unique_ptr<ClusterPlan>> make_plan(const PlanInput &input);

} // namespace ksail::k3s
