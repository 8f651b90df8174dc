// SPDX-License-Identifier: Apache-2.0
#include "distributions/cluster_layout.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using Catch::Contains;

namespace {

PlanInput input(unsigned control_planes, unsigned workers) {
  PlanInput made;
  made.spec.name = "dev";
  made.spec.control_planes = control_planes;
  made.spec.workers = workers;
  made.spec.node_image = "node:1";
  made.spec.api_host_address = "127.0.0.1";
  made.spec.api_host_port = 7443;
  made.network.subnet = "192.0.2.0/28";
  made.images["node:1"] = ImageFacts{"found:1", "present", {}};
  made.images[load_balancer_image(made.spec).ref] = ImageFacts{"balancer:1", "present", {}};
  return made;
}

std::vector<std::string> text_of(const std::vector<PlacedNode> &nodes) {
  std::vector<std::string> text;
  for (const auto &node : nodes)
    text.push_back(node.name + " " + node.address);
  return text;
}

} // namespace

TEST_CASE("one control plane publishes the API itself") {
  auto layout = lay_out(input(1, 2));
  REQUIRE(layout);
  CHECK(layout->image.use == "found:1");
  CHECK(text_of(layout->control_planes) == std::vector<std::string>{"dev-control-plane 192.0.2.2"});
  CHECK(text_of(layout->workers) == std::vector<std::string>{"dev-worker 192.0.2.3", "dev-worker2 192.0.2.4"});
  CHECK_FALSE(layout->balancer);
  CHECK(layout->api_node() == "dev-control-plane");
  CHECK(layout->api_address() == "192.0.2.2");
}

TEST_CASE("several control planes get a load balancer, which has the last address and knows theirs") {
  auto layout = lay_out(input(3, 1));
  REQUIRE(layout);
  REQUIRE(layout->balancer);
  const LoadBalancer &balancer = *layout->balancer;
  CHECK(balancer.name == "dev-load-balancer");
  CHECK(balancer.image == "balancer:1");
  CHECK(balancer.address == "192.0.2.6");
  CHECK(balancer.api_host_address == "127.0.0.1");
  CHECK(balancer.api_host_port == 7443);
  REQUIRE(balancer.members.size() == 3);
  CHECK(balancer.members[2].name == "dev-control-plane3");
  CHECK(balancer.members[2].address == "192.0.2.4");
  CHECK(layout->api_node() == balancer.name);
  CHECK(layout->api_address() == balancer.address);
}

TEST_CASE("a network that is too small or no network, and images of which nothing is known") {
  CHECK_FALSE(lay_out(input(3, 12)));
  PlanInput given = input(1, 0);
  given.network.subnet = "192.0.2.0";
  CHECK_THAT(lay_out(given).error().message, Contains("the provider's network"));
  given = input(1, 0);
  given.images.erase("node:1");
  CHECK_THAT(lay_out(given).error().message, Contains("node:1"));
  given = input(2, 0);
  given.images.erase(load_balancer_image(given.spec).ref);
  CHECK_THAT(lay_out(given).error().message, Contains("load balancer"));
}
