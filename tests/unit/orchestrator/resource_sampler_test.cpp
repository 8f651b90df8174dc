// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/resource_sampler.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

json answer(std::uint64_t cpu, std::uint64_t system, std::uint64_t memory) {
  return {{"nodes",
           json::array({{{"name", "dev"}, {"cpu_ns_total", cpu}, {"system_ns", system}, {"memory_bytes", memory}}})}};
}

} // namespace

TEST_CASE("the share of a processor is that of `docker stats`: used by node against spent by host, times processors") {
  ResourceUse use(2);
  const auto start = timing::Clock::now();
  const auto first = use.add(answer(1'000'000'000, 100'000'000'000, 7), start);
  REQUIRE(first.size() == 1);
  CHECK_FALSE(first[0].cpu_percent.has_value());
  CHECK(first[0].memory_bytes == 7);
  // Half a second of processor time while the two processors together spent one second.
  const auto second = use.add(answer(1'500'000'000, 101'000'000'000, 8), start + 500ms);
  REQUIRE(second[0].cpu_percent.has_value());
  CHECK(*second[0].cpu_percent == Approx(100));
  CHECK(second[0].cpu_ns == 500'000'000);
}

TEST_CASE("without the host's counter the clock counts") {
  ResourceUse use(4);
  const auto start = timing::Clock::now();
  use.add(answer(0, 0, 1), start);
  const auto second = use.add(answer(2'000'000'000, 0, 1), start + 1s);
  CHECK(*second[0].cpu_percent == Approx(200));
}

TEST_CASE("a counter that went back gives no share") {
  ResourceUse use(1);
  const auto start = timing::Clock::now();
  use.add(answer(5'000, 10'000, 1), start);
  CHECK_FALSE(use.add(answer(100, 20'000, 1), start + 1s)[0].cpu_percent.has_value());
}

TEST_CASE("answers of another shape give no samples") {
  ResourceUse use(1);
  CHECK(use.add(json::object(), timing::Clock::now()).empty());
  CHECK(use.add(json{{"nodes", {1, "x", json::object()}}}, timing::Clock::now()).empty());
}
