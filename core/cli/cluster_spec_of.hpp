// SPDX-License-Identifier: Apache-2.0
// From settings to what is to be created.
#pragma once

#include "config/config.hpp"
#include "distributions/cluster_spec.hpp"

#include <ksail/sdk/result.hpp>

namespace ksail::cli {

/// Checked by the distribution; a bad value given in ksail.yaml or the environment is Code::config.
Result<ClusterSpec> cluster_spec_of(const config::Settings &settings);

} // namespace ksail::cli
