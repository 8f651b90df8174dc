// SPDX-License-Identifier: Apache-2.0
#include "config/duration.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace ksail::config {

namespace {

/// Nanoseconds of the unit at the start of `text`, which is then removed; 0 when there is none.
double take_unit(std::string_view &text) {
  // Longer ones first: "ms" before "m".
  static constexpr std::array<std::pair<std::string_view, double>, 7> units = {
      {{"ns", 1.0}, {"us", 1e3}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 6e10}, {"h", 3.6e12}}};
  for (const auto &[name, nanoseconds] : units)
    if (text.starts_with(name)) {
      text.remove_prefix(name.size());
      return nanoseconds;
    }
  return 0;
}

} // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::nanoseconds(0);
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    if (text.front() != '.' && (text.front() < '0' || text.front() > '9')) return std::nullopt;
    double number = 0;
    const auto [end, failure] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (failure != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const double unit = take_unit(text);
    if (unit == 0) return std::nullopt;
    total += number * unit;
    if (total > 3.6e15) return std::nullopt;
  }
  return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

} // namespace ksail::config
