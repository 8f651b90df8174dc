// SPDX-License-Identifier: Apache-2.0
// What `ksail version` says. Needs nothing else of the program, so that it takes no time.
#pragma once

#include <string>

namespace ksail::cli {

/// "ksail 0.1.0 (plugin ABI 1.0)\n"
std::string version_text();
/// "1.0"
std::string plugin_abi_text();

} // namespace ksail::cli
