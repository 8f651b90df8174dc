// SPDX-License-Identifier: Apache-2.0
// Durations as Go writes them: "90s", "1h30m", "1.5m", "500ms".
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace ksail::config {

/// Nothing when it is not a duration: a unit is needed (ns, us, ms, s, m, h), as with kubectl; at most 1000 hours.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

} // namespace ksail::config
