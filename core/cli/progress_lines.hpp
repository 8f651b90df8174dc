// SPDX-License-Identifier: Apache-2.0
// What running work looks like, as lines. Pure: no clock, no terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::cli {

struct RunningStep {
  std::string name;
  std::string title;
  std::string text; ///< what it does now
  std::uint64_t done = 0, total = 0;
  std::chrono::steady_clock::time_point start;
  std::chrono::steady_clock::time_point last_sign; ///< of life, where nothing is animated
};

struct LineStyle {
  bool color = false;
  bool utf8 = false;
};

enum class Paint { none, green, red, yellow, cyan, dim, bold };
std::string painted(std::string_view text, Paint paint, bool color);

/// One line for each running step, none wider than `columns`; where there are more than `rows`, the last line says how
/// many.
std::vector<std::string> live_lines(const std::vector<RunningStep> &steps, std::chrono::steady_clock::time_point now,
                                    unsigned frame, unsigned columns, unsigned rows, LineStyle style);

/// The line that stays when a step has ended.
std::string ended_line(std::string_view title, bool ok, double seconds, LineStyle style);

/// A sign of life for people who read a log.
std::string still_running_line(const RunningStep &step, std::chrono::steady_clock::time_point now, LineStyle style);

} // namespace ksail::cli
