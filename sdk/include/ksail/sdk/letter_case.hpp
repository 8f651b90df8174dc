// SPDX-License-Identifier: Apache-2.0
// Letter case of ASCII words, independent of the locale. Letters beyond ASCII stay as they are.
#pragma once

#include <string>
#include <string_view>

namespace ksail {

/// One letter in lower case.
constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
/// One letter in upper case.
constexpr char ascii_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

/// The text in lower case.
inline std::string ascii_lower(std::string_view text) {
  std::string result(text);
  for (char &c : result)
    c = ascii_lower(c);
  return result;
}
/// The text in upper case.
inline std::string ascii_upper(std::string_view text) {
  std::string result(text);
  for (char &c : result)
    c = ascii_upper(c);
  return result;
}

/// The same word, whatever the case of its letters.
constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  return true;
}

} // namespace ksail
