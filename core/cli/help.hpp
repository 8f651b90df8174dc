// SPDX-License-Identifier: Apache-2.0
// Help texts from the command table.
#pragma once

#include "cli/command_table.hpp"

#include <string>

namespace ksail::cli {

/// Lines of at most `width` columns (no less than 40).
std::string help_text(const Command &command, unsigned width);
/// "ksail cluster create [options]"
std::string usage_line(const Command &command);
/// "-n, --name NAME"
std::string option_names(const Option &option);
/// Help of an option with its default.
std::string option_help(const Option &option);

} // namespace ksail::cli
