// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/spec_label.hpp"

#include <catch2/catch.hpp>

using namespace ksail;

TEST_CASE("what a cluster was created as survives the way through a label") {
  ClusterSpec spec;
  spec.name = "dev";
  spec.distribution = "K3s";
  spec.control_planes = 3;
  spec.workers = 2;
  spec.node_image = "docker.io/rancher/k3s:v1.34.2-k3s1";
  spec.kubernetes_version = "v1.34.2";
  spec.cni = Cni::none;
  spec.disable = {"traefik", "servicelb"};
  spec.registry_mirrors = {{"docker.io", {"http://a:5000", "http://b:5000"}}};
  spec.local_registry = {"reg", 5001};
  const auto read = parse_spec(spec_text(spec));
  REQUIRE(read);
  CHECK(read->name == "dev");
  CHECK(read->distribution == "K3s");
  CHECK(read->control_planes == 3);
  CHECK(read->workers == 2);
  CHECK(read->node_image == spec.node_image);
  CHECK(read->kubernetes_version == "v1.34.2");
  CHECK(read->cni == Cni::none);
  CHECK(read->disable == spec.disable);
  REQUIRE(read->registry_mirrors.size() == 1);
  CHECK(read->registry_mirrors[0].host == "docker.io");
  CHECK(read->registry_mirrors[0].endpoints == spec.registry_mirrors[0].endpoints);
  CHECK(read->local_registry.name == "reg");
  CHECK(read->local_registry.host_port == 5001);
  CHECK(read->pod_subnet == spec.pod_subnet);
}

TEST_CASE("a label of another release: what is missing has its default, what is unknown is ignored") {
  const auto read = parse_spec(R"({"name":"dev","future":{"x":1}})");
  REQUIRE(read);
  CHECK(read->control_planes == 1);
  CHECK(read->cni == Cni::standard);
  CHECK_FALSE(parse_spec("no json"));
  CHECK_FALSE(parse_spec(R"({"workers":"many"})"));
}
