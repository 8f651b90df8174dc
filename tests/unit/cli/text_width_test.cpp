// SPDX-License-Identifier: Apache-2.0
#include "cli/text_width.hpp"

#include <catch2/catch.hpp>

using namespace ksail::cli;

TEST_CASE("columns are counted as a terminal draws them") {
  CHECK(display_width("") == 0);
  CHECK(display_width("abc") == 3);
  CHECK(display_width("häß") == 3);
  CHECK(display_width("日本") == 4);
  CHECK(display_width("🚀") == 2);
  CHECK(display_width("e\xcc\x81") == 1); // with a combining accent
  CHECK(display_width("\xff\xfe") == 2);  // no UTF-8: a column for each byte
  CHECK(display_width("\xe6\x97") == 2);  // cut off
}

TEST_CASE("what is too long loses its middle") {
  CHECK(elide_middle("short", 10, true) == "short");
  CHECK(elide_middle("abcdefghij", 5, true) == "ab…ij");
  CHECK(elide_middle("abcdefghij", 6, false) == "ab..ij");
  CHECK(elide_middle("abcdefghij", 1, true) == ".");
  CHECK(elide_middle("abcdefghij", 0, true).empty());
  for (std::size_t width = 0; width < 12; ++width)
    for (const bool utf8 : {true, false}) {
      CHECK(display_width(elide_middle("日本日本日本", width, utf8)) <= width);
      CHECK(display_width(elide_middle("abcdefghijklmn", width, utf8)) <= width);
    }
}

TEST_CASE("text breaks at spaces only") {
  CHECK(wrap("one two three", 7) == std::vector<std::string>{"one two", "three"});
  CHECK(wrap("one  two", 80) == std::vector<std::string>{"one two"});
  CHECK(wrap("incomprehensibilities", 5) == std::vector<std::string>{"incomprehensibilities"});
  CHECK(wrap("", 5) == std::vector<std::string>{""});
}

TEST_CASE("columns are as wide as their widest cell, without blanks at the end") {
  CHECK(columns({{"A", "B"}, {"long", "x"}}) == "A     B\nlong  x\n");
  CHECK(columns({{"a", ""}}) == "a\n");
  CHECK(columns({{"日", "x"}, {"abc", "y"}}) == "日   x\nabc  y\n");
  CHECK(columns({}).empty());
}

TEST_CASE("nothing that is shown moves the cursor") { CHECK(printable("a\x1b[31mb\r\nc\x7f") == "a [31mb  c "); }

TEST_CASE("durations, sizes and counts") {
  CHECK(short_duration(0) == "0.0s");
  CHECK(short_duration(12.34) == "12.3s");
  CHECK(short_duration(125) == "2m05s");
  CHECK(short_duration(3723) == "1h02m");
  CHECK(short_bytes(0) == "0 B");
  CHECK(short_bytes(999) == "999 B");
  CHECK(short_bytes(123400000) == "123.4 MB");
  CHECK(short_bytes(1500000000) == "1.50 GB");
  CHECK(plural(1, "node") == "1 node");
  CHECK(plural(0, "node") == "0 nodes");
}
