// SPDX-License-Identifier: Apache-2.0
// The files that `--talos-patch` names.
#pragma once

#include "distributions/cluster_spec.hpp"

#include <ksail/sdk/result.hpp>

#include <string_view>
#include <vector>

namespace ksail::cli {

/// "[ROLE=]FILE[,...]", read in this order. Errors: Code::usage for what is no role, Code::not_found and Code::config
/// for files.
Result<std::vector<MachinePatch>> read_machine_patches(std::string_view text);

} // namespace ksail::cli
