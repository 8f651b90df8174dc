// SPDX-License-Identifier: Apache-2.0
// How many columns of a terminal a text takes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::cli {

/// Columns of UTF-8 text without control characters: two for wide East Asian characters and emoji, none for combining
/// marks; a byte that is no UTF-8 counts one.
std::size_t display_width(std::string_view text);

/// At most `width` columns: what is too long loses its middle to "…" (or ".." where `utf8` is false).
std::string elide_middle(std::string_view text, std::size_t width, bool utf8);

/// Spaces at the end up to `width` columns.
std::string pad(std::string text, std::size_t width);

/// Lines of at most `width` columns, broken at spaces. Words that are longer stand alone.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

/// One line that can be shown: control characters (escape sequences too) become spaces.
std::string printable(std::string_view text);

/// Rows under a heading, each column as wide as its widest cell, two spaces between, none at the end.
std::string columns(const std::vector<std::vector<std::string>> &rows);

/// "0.4s", "12.3s", "2m05s", "1h02m"
std::string short_duration(double seconds);
/// "123.4 MB"
std::string short_bytes(unsigned long long bytes);

/// "1 node", "2 nodes"
std::string plural(unsigned long long count, std::string_view one);

} // namespace ksail::cli
