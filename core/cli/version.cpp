// SPDX-License-Identifier: Apache-2.0
#include "cli/version.hpp"

#include <ksail/abi.h>

namespace ksail::cli {

std::string plugin_abi_text() { return std::to_string(KSAIL_ABI_MAJOR) + "." + std::to_string(KSAIL_ABI_MINOR); }

std::string version_text() { return "ksail " KSAIL_VERSION " (plugin ABI " + plugin_abi_text() + ")\n"; }

} // namespace ksail::cli
