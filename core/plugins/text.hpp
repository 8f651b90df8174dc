// SPDX-License-Identifier: Apache-2.0
// Text that comes from outside (plugins, manifests) on its way into messages.
#pragma once

#include <string>
#include <string_view>

namespace ksail::plugins {

/// Valid UTF-8 on one line, without control characters, at most `limit` bytes (then ending in "…").
std::string clean_text(std::string_view text, std::size_t limit = 4096);

} // namespace ksail::plugins
