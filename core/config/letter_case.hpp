// SPDX-License-Identifier: Apache-2.0
// Letter case of ASCII words, independent of the locale.
#pragma once

#include <string>
#include <string_view>

namespace ksail::config {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

inline std::string lower(std::string_view text) {
  std::string result(text);
  for (char &c : result)
    c = lower(c);
  return result;
}
inline std::string upper(std::string_view text) {
  std::string result(text);
  for (char &c : result)
    c = upper(c);
  return result;
}

constexpr bool same_word(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

} // namespace ksail::config
