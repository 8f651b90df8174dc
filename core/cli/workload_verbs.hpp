// SPDX-License-Identifier: Apache-2.0
// The part of the command table about `ksail workload`.
#pragma once

#include "cli/command_table.hpp"

#include <vector>

namespace ksail::cli {

std::vector<Command> workload_verbs();

} // namespace ksail::cli
