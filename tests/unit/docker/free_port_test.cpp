// SPDX-License-Identifier: Apache-2.0
#include "free_port.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace ksail::docker;

TEST_CASE("ports that are held are different, taken for others, and free afterwards") {
  std::set<int> seen;
  std::vector<HeldPort> held;
  for (int i = 0; i < 20; ++i) {
    auto port = hold_free_port("127.0.0.1", "tcp");
    REQUIRE(port);
    CHECK(seen.insert(port->port()).second);
    CHECK(port_is_taken("127.0.0.1", port->port(), "tcp"));
    held.push_back(std::move(*port));
  }
  const int first = held.front().port();
  held.front().release();
  CHECK(held.front().port() == first);
  CHECK_FALSE(port_is_taken("127.0.0.1", first, "tcp"));
}

TEST_CASE("udp and every address have ports too, an address of somebody else has none") {
  CHECK(hold_free_port("", "udp"));
  CHECK(hold_free_port("0.0.0.0", "sctp"));
  CHECK(hold_free_port("not an address", "tcp").error().code == ksail::Code::invalid_argument);
  CHECK(hold_free_port("192.0.2.77", "tcp").error().code == ksail::Code::invalid_argument);
}
