// SPDX-License-Identifier: Apache-2.0
// From words to an exit code.
#pragma once

#include <string>
#include <vector>

namespace ksail::cli {

/// Runs one command; everything is shown when it returns. What plugins still do is ended before.
int run_command_line(const std::vector<std::string> &words);

} // namespace ksail::cli
