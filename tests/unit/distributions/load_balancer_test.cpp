// SPDX-License-Identifier: Apache-2.0
#include "distributions/load_balancer.hpp"
#include "distributions/node_counts.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace ksail;

namespace {

ClusterSpec spec_of(unsigned control_planes) {
  ClusterSpec spec;
  spec.name = "dev";
  spec.control_planes = control_planes;
  spec.node_image = "docker.io/kindest/node:v1.34.2";
  spec.api_host_port = 7443;
  return spec;
}

Result<std::unique_ptr<ClusterPlan>> plan_of(unsigned control_planes) {
  PlanInput input;
  input.spec = spec_of(control_planes);
  input.network = NetworkFacts{"ksail-dev", "172.28.5.0/24", "172.28.5.1"};
  input.images[input.spec.node_image] = ImageFacts{input.spec.node_image, "present", {}};
  input.images[std::string(default_load_balancer_image)] = ImageFacts{"ksail/load-balancer:1", "substitute", {}};
  return find_distribution("Vanilla")->plan(input);
}

std::string content(const NodeTemplate &node, const std::string &path) {
  const auto found =
      std::find_if(node.files.begin(), node.files.end(), [&](const NodeFile &f) { return f.path == path; });
  return found == node.files.end() ? "" : found->content;
}

} // namespace

TEST_CASE("a load balancer checks every control plane and passes TCP through") {
  const std::string config = load_balancer_config({{"dev-control-plane", "172.28.5.2"}, {"b", "172.28.5.3"}});
  CHECK(config.find("server dev-control-plane 172.28.5.2:6443") != std::string::npos);
  CHECK(config.find("server b 172.28.5.3:6443") != std::string::npos);
  CHECK(config.find("mode tcp") != std::string::npos);
  CHECK(config.find("httpchk GET /version") != std::string::npos);
}

TEST_CASE("only clusters with several control planes have a load balancer") {
  const auto *vanilla = find_distribution("Vanilla");
  CHECK(vanilla->images(spec_of(1)).size() == 1);
  REQUIRE(vanilla->images(spec_of(3)).size() == 2);
  CHECK(vanilla->images(spec_of(3))[1].ref == default_load_balancer_image);
  CHECK(vanilla->images(spec_of(3))[1].substitute_label == "ksail.node-image=load-balancer");
  auto given = spec_of(3);
  given.load_balancer_image = "registry.local/haproxy:3";
  CHECK(vanilla->images(given)[1].ref == "registry.local/haproxy:3");
  CHECK(vanilla->images(given)[1].substitute_label.empty());
}

TEST_CASE("the load balancer has the port that was asked for and is the control plane's endpoint") {
  auto plan = plan_of(3);
  REQUIRE(plan);
  const auto &nodes = (*plan)->nodes();
  REQUIRE(nodes.size() == 4);
  CHECK(nodes[3].role == "load-balancer");
  CHECK(nodes[3].image == "ksail/load-balancer:1");
  CHECK(nodes[3].settings["ports"][0]["host"] == 7443);
  CHECK(nodes[3].settings["address"] == "172.28.5.5");
  CHECK_FALSE(nodes[3].settings.contains("privileged"));
  CHECK((*plan)->api_endpoint().first == "dev-load-balancer");
  for (int i = 0; i < 3; ++i) {
    CHECK(nodes[i].settings["ports"][0]["host"] == 0);
    CHECK(content(nodes[i], "/kind/kubeadm.conf").find("controlPlaneEndpoint: \"dev-load-balancer:6443\"") !=
          std::string::npos);
  }
}

TEST_CASE("the members of etcd start as one cluster, and only the first API server starts at boot") {
  auto plan = plan_of(3);
  REQUIRE(plan);
  const auto &nodes = (*plan)->nodes();
  for (int i = 0; i < 3; ++i)
    CHECK(content(nodes[i], "/kind/ksail/static-pods")
              .find("--initial-cluster=dev-control-plane=https://172.28.5.2:2380,dev-control-plane2=https://"
                    "172.28.5.3:2380,dev-control-plane3=https://172.28.5.4:2380") != std::string::npos);
  CHECK(content(nodes[0], "/kind/ksail/static-pods").find("kube-{controller-manager,scheduler}.yaml") !=
        std::string::npos);
  CHECK(content(nodes[1], "/kind/ksail/static-pods").find("kube-{apiserver,controller-manager,scheduler}.yaml") !=
        std::string::npos);
  CHECK(content(nodes[1], "/kind/ksail/bootstrap").find("https://$1:6443") != std::string::npos);
  CHECK(content(nodes[1], "/kind/ksail/bootstrap").find("until_ok 172.28.5.2 /readyz") != std::string::npos);
}

TEST_CASE("counts of nodes that make no cluster are refused with the option's name") {
  auto spec = spec_of(0);
  CHECK(check_node_counts(spec).error().message.find("--control-planes is 0") != std::string::npos);
  spec.control_planes = most_control_planes + 1;
  CHECK(check_node_counts(spec).error().message.find("at most 7") != std::string::npos);
  spec.control_planes = 3;
  spec.workers = most_workers + 1;
  CHECK(check_node_counts(spec).error().message.find("--workers is 201") != std::string::npos);
  spec.workers = 0;
  CHECK(check_node_counts(spec));
}
