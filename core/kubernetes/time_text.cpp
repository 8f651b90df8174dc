// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/time_text.hpp"

#include <array>
#include <charconv>
#include <chrono>

namespace ksail::kubernetes {

namespace {

std::optional<int> number(std::string_view text, std::size_t at, std::size_t length) {
  if (at + length > text.size()) return std::nullopt;
  int value = 0;
  const char *first = text.data() + at;
  const auto [end, failed] = std::from_chars(first, first + length, value);
  if (failed != std::errc() || end != first + length) return std::nullopt;
  return value;
}

std::optional<std::int64_t> seconds(std::optional<int> year, std::optional<int> month, std::optional<int> day,
                                    std::optional<int> hour, std::optional<int> minute, std::optional<int> second) {
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(days).count() + *hour * 3600 + *minute * 60 + *second;
}

} // namespace

std::optional<std::int64_t> parse_rfc3339_utc(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' ||
      text.back() != 'Z')
    return std::nullopt;
  return seconds(number(text, 0, 4), number(text, 5, 2), number(text, 8, 2), number(text, 11, 2), number(text, 14, 2),
                 number(text, 17, 2));
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  static constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(25) != " GMT") return std::nullopt;
  for (std::size_t m = 0; m < months.size(); ++m)
    if (text.substr(8, 3) == months[m])
      return seconds(number(text, 12, 4), static_cast<int>(m) + 1, number(text, 5, 2), number(text, 17, 2),
                     number(text, 20, 2), number(text, 23, 2));
  return std::nullopt;
}

} // namespace ksail::kubernetes
