// SPDX-License-Identifier: Apache-2.0
// Calendar time in timing files.
#pragma once

#include <chrono>
#include <string>

namespace ksail::timing {

/// UTC as RFC 3339 with milliseconds, "2026-08-01T12:00:00.123Z".
std::string wall_time(std::chrono::system_clock::time_point when);

} // namespace ksail::timing
