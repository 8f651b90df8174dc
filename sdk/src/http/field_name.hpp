// SPDX-License-Identifier: Apache-2.0
// Comparing the names of header fields.
#pragma once

#include <string_view>

namespace ksail::http {

/// Header field names compare without case, in ASCII whatever the locale (RFC 9110 section 5.1).
constexpr bool equal_names(std::string_view a, std::string_view b) {
  constexpr auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

} // namespace ksail::http
