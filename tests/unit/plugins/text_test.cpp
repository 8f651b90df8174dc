// SPDX-License-Identifier: Apache-2.0
// Text of plugins on its way into messages.
#include "plugins/text.hpp"

#include <catch2/catch.hpp>

using namespace ksail::plugins;

TEST_CASE("good text passes, on one line") {
  CHECK(clean_text("") == "");
  CHECK(clean_text("plain") == "plain");
  CHECK(clean_text("häß 日本 🚀") == "häß 日本 🚀");
  CHECK(clean_text("a\nb\tc\rd") == "a b c d");
}

TEST_CASE("what terminals obey is taken out") {
  CHECK(clean_text("a\x1b[31mb") == "a[31mb");
  CHECK(clean_text(std::string("a\0b\x7f", 4)) == "ab");
  CHECK(clean_text("a\xc2\x9b"
                   "31mb") == "a31mb"); // the one-byte form of ESC [
}

TEST_CASE("broken UTF-8 becomes replacement characters") {
  const std::string replacement = "\xef\xbf\xbd";
  CHECK(clean_text("\xff") == replacement);
  CHECK(clean_text("\xc0\xaf") == replacement + replacement);        // overlong
  CHECK(clean_text("\xed\xa0\x80").find(replacement) == 0);          // surrogate
  CHECK(clean_text("\xf4\x90\x80\x80").find(replacement) == 0);      // beyond Unicode
  CHECK(clean_text("a\xe6\x97") == "a" + replacement + replacement); // cut off
}

TEST_CASE("text is limited, without cutting a character") {
  for (std::size_t limit = 3; limit < 20; ++limit) {
    const auto text = clean_text("日本日本日本日本日本", limit);
    CHECK(text.size() <= limit + 3);
    CHECK(text.ends_with("…"));
    CHECK(clean_text(text) == text);
  }
  CHECK(clean_text(std::string(10000, 'x')).size() <= 4099);
}
