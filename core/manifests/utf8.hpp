// SPDX-License-Identifier: Apache-2.0
// UTF-8 (Unicode 15, table 3-7) and the escapes by which JSON writes the same characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ksail::manifests {

/// Length of the sequence at `p`, which is not `end`; 0 when it is not valid.
inline std::size_t utf8_length(const char *p, const char *end) {
  const auto at = [&](int i) { return static_cast<unsigned char>(p[i]); };
  const auto follows = [&](int i) { return end - p > i && (at(i) & 0xC0U) == 0x80; };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF)
    return follows(1) && follows(2) && !(lead == 0xE0 && at(1) < 0xA0) && !(lead == 0xED && at(1) > 0x9F) ? 3 : 0;
  if (lead >= 0xF0 && lead <= 0xF4)
    return follows(1) && follows(2) && follows(3) && !(lead == 0xF0 && at(1) < 0x90) && !(lead == 0xF4 && at(1) > 0x8F)
               ? 4
               : 0;
  return 0;
}

/// Writes a character at `to`, which then stands behind it: up to four bytes.
inline void append_utf8(std::uint32_t code, char *&to) {
  const auto tail = [&](unsigned shift) { *to++ = static_cast<char>(0x80U | (code >> shift & 0x3FU)); };
  if (code < 0x80) {
    *to++ = static_cast<char>(code);
  } else if (code < 0x800) {
    *to++ = static_cast<char>(0xC0U | code >> 6U);
    tail(0);
  } else if (code < 0x10000) {
    *to++ = static_cast<char>(0xE0U | code >> 12U);
    tail(6), tail(0);
  } else {
    *to++ = static_cast<char>(0xF0U | code >> 18U);
    tail(12), tail(6), tail(0);
  }
}

/// The number that four hexadecimal digits at the start of `text` are.
inline std::optional<std::uint32_t> hex4(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return std::nullopt;
    value = value << 4U | static_cast<std::uint32_t>(digit);
  }
  return value;
}

/// The character beyond U+FFFF that two escapes, \uD83D and \uDE80, stand for; nothing when they are no such pair.
inline std::optional<std::uint32_t> surrogate_pair(std::uint32_t high, std::uint32_t low) {
  if (high < 0xD800 || high > 0xDBFF || low < 0xDC00 || low > 0xDFFF) return std::nullopt;
  return 0x10000 + ((high - 0xD800) << 10U) + (low - 0xDC00);
}

} // namespace ksail::manifests
