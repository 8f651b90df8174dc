// SPDX-License-Identifier: Apache-2.0
#include "subnet.hpp"

#include <catch2/catch.hpp>

using namespace ksail::docker;

TEST_CASE("ranges are read and written, with host bits cleared") {
  CHECK(parse_ipv4_range("172.28.3.7/24")->text() == "172.28.3.0/24");
  CHECK(parse_ipv4_range("10.0.0.1")->text() == "10.0.0.1/32");
  CHECK(parse_ipv4_range("0.0.0.0/0")->text() == "0.0.0.0/0");
  for (const char *text :
       {"", "10.0.0", "10.0.0.256", "10.0.0.1/33", "10.0.0.1/", "fc00::/64", "10.0.0.1/8x", "a.b.c.d"})
    CHECK_FALSE(parse_ipv4_range(text));
}

TEST_CASE("ranges overlap when one holds the other") {
  const auto wide = *parse_ipv4_range("172.16.0.0/12");
  CHECK(wide.overlaps(*parse_ipv4_range("172.28.5.0/24")));
  CHECK(parse_ipv4_range("172.28.5.0/24")->overlaps(wide));
  CHECK_FALSE(parse_ipv4_range("172.28.5.0/24")->overlaps(*parse_ipv4_range("172.28.6.0/24")));
  CHECK(parse_ipv4_range("0.0.0.0/0")->overlaps(*parse_ipv4_range("8.8.8.8")));
}

TEST_CASE("routes of the host are read, the default route is no obstacle") {
  const auto ranges =
      parse_route_table("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
                        "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
                        "br-1\t00001CAC\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
                        "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
                        "garbage\n");
  REQUIRE(ranges.size() == 2);
  CHECK(ranges[0].text() == "172.28.0.0/24");
  CHECK(ranges[1].text() == "192.0.2.0/24");
}

TEST_CASE("the choice avoids everything taken and is the same for the same name") {
  const auto first = choose_subnet({}, "dev");
  REQUIRE(first);
  CHECK(first->prefix == 24);
  CHECK(parse_ipv4_range("172.28.0.0/14")->overlaps(*first));
  CHECK(*choose_subnet({}, "dev") == *first);
  CHECK_FALSE(*choose_subnet({}, "other") == *first);
  const auto second = choose_subnet({*first}, "dev");
  REQUIRE(second);
  CHECK_FALSE(second->overlaps(*first));
  CHECK(second->host(1).ends_with(".1"));
}

TEST_CASE("a full pool leads to the next one, and full pools to nothing") {
  const auto pool = *parse_ipv4_range("172.16.0.0/12");
  const auto beyond = choose_subnet({pool}, "dev");
  REQUIRE(beyond);
  CHECK(parse_ipv4_range("10.0.0.0/8")->overlaps(*beyond));
  CHECK_FALSE(choose_subnet({pool, *parse_ipv4_range("10.0.0.0/8")}, "dev"));
}
