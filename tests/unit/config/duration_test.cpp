// SPDX-License-Identifier: Apache-2.0
#include "config/duration.hpp"

#include <catch2/catch.hpp>

using namespace ksail::config;
using namespace std::chrono_literals;

TEST_CASE("durations are read as Go writes them") {
  CHECK(parse_duration("90s") == 90s);
  CHECK(parse_duration("5m") == 5min);
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("1.5s") == 1500ms);
  CHECK(parse_duration("250ms") == 250ms);
  CHECK(parse_duration("3us") == 3us);
  CHECK(parse_duration("3µs") == 3us);
  CHECK(parse_duration("7ns") == 7ns);
  CHECK(parse_duration("0") == 0s);
  CHECK(parse_duration("0s") == 0s);
}

TEST_CASE("what is no duration is refused") {
  for (const char *text : {"", "5", "m", "5 m", "-5m", "+5m", "5x", "1h-30m", "1e3s", "infs", "nans", "0x5s", "5mm5",
                           "1..5s", "99999999h"})
    CHECK_FALSE(parse_duration(text));
}
