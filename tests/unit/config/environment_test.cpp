// SPDX-License-Identifier: Apache-2.0
#include "config/environment.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::config;
using Catch::Contains;

namespace {

const Environment environment = {{"NAME", "shop"}, {"EMPTY", ""}, {"_X1", "y"}};

std::string expanded(std::string_view text) {
  std::vector<std::string> unset;
  const auto result = expand(text, environment, unset);
  REQUIRE(result);
  for (const auto &name : unset)
    INFO("unset: " << name);
  CHECK(unset.empty());
  return *result;
}

} // namespace

TEST_CASE("variables are replaced in the middle of text") {
  CHECK(expanded("no variable") == "no variable");
  CHECK(expanded("${NAME}") == "shop");
  CHECK(expanded("a-${NAME}-${_X1}-b") == "a-shop-y-b");
  CHECK(expanded("$NAME costs 5$") == "$NAME costs 5$");
}

TEST_CASE("a default takes the place of what is unset or empty") {
  CHECK(expanded("${NAME:-other}") == "shop");
  CHECK(expanded("${NOBODY:-other}") == "other");
  CHECK(expanded("${EMPTY:-other}") == "other");
  CHECK(expanded("${NOBODY:-}").empty());
  CHECK(expanded("${NOBODY:-${NAME}}") == "shop");
  CHECK(expanded("${NOBODY:-a${NOBODY:-b${NAME}c}d}") == "abshopcd");
}

TEST_CASE("what is unset is nothing, and named") {
  std::vector<std::string> unset;
  const auto result = expand("${NOBODY}/${EMPTY}/${NONE}", environment, unset);
  REQUIRE(result);
  CHECK(*result == "//");
  CHECK(unset == std::vector<std::string>{"NOBODY", "NONE"});
}

TEST_CASE("a value is not expanded again") {
  const Environment tricky = {{"A", "${B}"}, {"B", "secret"}};
  std::vector<std::string> unset;
  CHECK(*expand("${A}", tricky, unset) == "${B}");
}

TEST_CASE("broken references are told") {
  std::vector<std::string> unset;
  for (const char *text : {"${NAME", "${}", "${1X}", "${A B}", "${NAME:+x}", "${A:-${B}"}) {
    INFO(text);
    const auto result = expand(text, environment, unset);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Code::config);
  }
  std::string deep = "x";
  for (int i = 0; i < 20; ++i)
    deep = "${NOBODY:-" + deep + "}";
  const auto result = expand(deep, environment, unset);
  REQUIRE_FALSE(result);
  CHECK_THAT(result.error().message, Contains("deep"));
}
