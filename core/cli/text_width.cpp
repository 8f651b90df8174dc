// SPDX-License-Identifier: Apache-2.0
#include "cli/text_width.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace ksail::cli {

namespace {

struct Character {
  std::uint32_t code;
  std::size_t bytes;
};

/// The character that starts at `text[0]`; a byte that is no UTF-8 is a character of its own.
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead < 0x80                   ? 1
                             : lead >= 0xf0 && lead < 0xf8 ? 4
                             : lead >= 0xe0                ? 3
                             : lead >= 0xc2                ? 2
                                                           : 1;
  if (length == 1 || lead >= 0xf8 || text.size() < length) return {lead, 1};
  std::uint32_t code = lead & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {lead, 1};
    code = code << 6 | (byte(i) & 0x3fu);
  }
  return {code, length};
}

/// Ranges as of Unicode 15, East Asian Width W and F, and the emoji that terminals draw wide.
unsigned width_of(std::uint32_t c) {
  if (c < 0x300) return 1;
  if ((c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || (c >= 0x20d0 && c <= 0x20ff) || (c >= 0xfe00 && c <= 0xfe0f))
    return 0;
  const bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0x303e) || (c >= 0x3041 && c <= 0xa4cf) ||
                    (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) ||
                    (c >= 0xff00 && c <= 0xff60) || (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1f64f) ||
                    (c >= 0x1f680 && c <= 0x1f6ff) || (c >= 0x1f900 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
  return wide ? 2 : 1;
}

} // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const auto [code, bytes] = first_character(text);
    width += width_of(code);
    text.remove_prefix(bytes);
  }
  return width;
}

std::string elide_middle(std::string_view text, std::size_t width, bool utf8) {
  if (display_width(text) <= width) return std::string(text);
  const std::string_view gap = utf8 ? "…" : "..";
  const std::size_t gap_width = utf8 ? 1 : 2;
  if (width <= gap_width) return std::string(width, '.');
  const std::size_t tail_room = (width - gap_width) / 2;
  const std::size_t head_room = width - gap_width - tail_room;
  std::string head;
  std::size_t used = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto [code, bytes] = first_character(rest);
    if (used + width_of(code) > head_room) break;
    used += width_of(code);
    head += rest.substr(0, bytes);
    rest.remove_prefix(bytes);
  }
  while (display_width(rest) > tail_room)
    rest.remove_prefix(first_character(rest).bytes);
  return head + std::string(gap) + std::string(rest);
}

std::string pad(std::string text, std::size_t width) {
  const auto taken = display_width(text);
  if (taken < width) text.append(width - taken, ' ');
  return text;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  std::string line;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    if (!line.empty() && display_width(line) + 1 + display_width(word) > width)
      lines.push_back(std::move(line)), line.clear();
    if (!line.empty()) line += ' ';
    line += word;
  }
  if (!line.empty() || lines.empty()) lines.push_back(std::move(line));
  return lines;
}

std::string printable(std::string_view text) {
  std::string result;
  for (const char c : text)
    result += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  return result;
}

std::string columns(const std::vector<std::vector<std::string>> &rows) {
  std::vector<std::size_t> widths;
  for (const auto &row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  std::string text;
  for (const auto &row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += (i ? "  " : "") + pad(row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string short_duration(double seconds) {
  char text[64];
  const auto whole = static_cast<unsigned long>(seconds);
  if (seconds < 60)
    std::snprintf(text, sizeof text, "%.1fs", seconds);
  else if (seconds < 3600)
    std::snprintf(text, sizeof text, "%lum%02lus", whole / 60, whole % 60);
  else
    std::snprintf(text, sizeof text, "%luh%02lum", whole / 3600, whole / 60 % 60);
  return text;
}

std::string short_bytes(unsigned long long bytes) {
  char text[64];
  const double value = static_cast<double>(bytes);
  if (bytes < 1000)
    std::snprintf(text, sizeof text, "%llu B", bytes);
  else if (bytes < 1000ull * 1000)
    std::snprintf(text, sizeof text, "%.1f kB", value / 1e3);
  else if (bytes < 1000ull * 1000 * 1000)
    std::snprintf(text, sizeof text, "%.1f MB", value / 1e6);
  else
    std::snprintf(text, sizeof text, "%.2f GB", value / 1e9);
  return text;
}

std::string plural(unsigned long long count, std::string_view one) {
  return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

} // namespace ksail::cli
