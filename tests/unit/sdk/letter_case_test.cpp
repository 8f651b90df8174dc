// SPDX-License-Identifier: Apache-2.0
#include <ksail/sdk/letter_case.hpp>

#include <catch2/catch.hpp>

using namespace ksail;

TEST_CASE("case is ignored in ASCII only") {
  CHECK(equal_ignoring_case("Docker", "dOCKER"));
  CHECK_FALSE(equal_ignoring_case("Docker", "Docke"));
  CHECK_FALSE(equal_ignoring_case("Ä", "ä"));
  CHECK(equal_ignoring_case("", ""));
  CHECK(ascii_lower("AzÄ@[`{9") == "azÄ@[`{9");
  CHECK(ascii_upper("aZä@[`{9") == "AZä@[`{9");
}
