// SPDX-License-Identifier: Apache-2.0
#include <plugins/text.hpp>

#include <algorithm>
#include <cstdint>

namespace ksail::plugins {

namespace {

/// Length of the well-formed UTF-8 sequence at the start of `s` (Unicode 15, table 3-7), or 0.
std::size_t sequence_length(std::string_view s) {
  const auto byte = [s](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0u; };
  const auto tail = [&](std::size_t i) { return byte(i) >= 0x80 && byte(i) <= 0xbf; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return tail(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const unsigned low = lead == 0xe0 ? 0xa0 : 0x80, high = lead == 0xed ? 0x9f : 0xbf;
    return byte(1) >= low && byte(1) <= high && tail(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const unsigned low = lead == 0xf0 ? 0x90 : 0x80, high = lead == 0xf4 ? 0x8f : 0xbf;
    return byte(1) >= low && byte(1) <= high && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

/// U+0080 to U+009F: some terminals obey them.
bool c1_control(std::string_view s) {
  return s.size() > 1 && s[0] == '\xc2' && static_cast<unsigned char>(s[1]) < 0xa0;
}

} // namespace

std::string clean_text(std::string_view text, std::size_t limit) {
  std::string clean;
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (clean.size() + std::max<std::size_t>(length, 3) > limit) {
      clean += "…";
      break;
    }
    if (length == 0) {
      clean += "\xef\xbf\xbd"; // U+FFFD
      text.remove_prefix(1);
      continue;
    }
    const auto first = static_cast<unsigned char>(text.front());
    if (first == '\n' || first == '\t' || first == '\r')
      clean += ' ';
    else if (first >= 0x20 && first != 0x7f && !c1_control(text))
      clean += text.substr(0, length);
    text.remove_prefix(length);
  }
  return clean;
}

} // namespace ksail::plugins
