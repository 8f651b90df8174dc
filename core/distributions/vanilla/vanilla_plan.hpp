// SPDX-License-Identifier: Apache-2.0
// One cluster: the nodes with everything that is in them before they start, and the steps that follow.
#pragma once

#include "distributions/distribution.hpp"

namespace ksail::vanilla {

/// CPU only. Any thread.
Result<std::unique_ptr<ClusterPlan>> make_plan(const PlanInput &input);

} // namespace ksail::vanilla
