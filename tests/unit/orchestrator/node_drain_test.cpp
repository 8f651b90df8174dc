// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cluster_scale.hpp"
#include "orchestrator/node_drain.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using nlohmann::json;

namespace {

json pod(const std::string &name, const std::string &node, const char *controller) {
  json object = {{"metadata", {{"namespace", "shop"}, {"name", name}, {"uid", "uid-" + name}}},
                 {"spec", {{"nodeName", node}}},
                 {"status", {{"phase", "Running"}}}};
  if (controller)
    object["metadata"]["ownerReferences"] = json::array({{{"kind", controller}, {"controller", true}}});
  return object;
}

json list(std::initializer_list<json> items) { return {{"items", json(items)}}; }

json volume(const std::string &claim, const std::string &node) {
  json match = {{"key", "kubernetes.io/hostname"}, {"operator", "In"}, {"values", json::array({node})}};
  json term = {{"matchExpressions", json::array({match})}};
  json object = {{"spec", {{"claimRef", {{"namespace", "shop"}, {"name", claim}}}}}};
  object["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"] = json::array({term});
  return object;
}

std::vector<std::string> names(const DrainPlan &plan) {
  std::vector<std::string> result;
  for (const auto &pod : plan.evicted)
    result.push_back(pod.name);
  return result;
}

} // namespace

TEST_CASE("draining moves what others start again, and leaves what belongs to the node") {
  json mirror = pod("mirror", "a", nullptr);
  mirror["metadata"]["annotations"]["kubernetes.io/config.mirror"] = "x";
  json ended = pod("ended", "a", "Job");
  ended["status"]["phase"] = "Succeeded";
  const auto plan = plan_drain({"a"},
                               list({pod("web", "a", "ReplicaSet"), pod("proxy", "a", "DaemonSet"), mirror, ended,
                                     pod("elsewhere", "b", "ReplicaSet")}),
                               list({}));
  CHECK(names(plan) == std::vector<std::string>{"web"});
  CHECK(plan.lost_pods.empty());
  CHECK(plan.evicted.front().uid == "uid-web");
}

TEST_CASE("pods that nobody starts again and volumes of the node are losses") {
  const auto plan = plan_drain({"a", "b"}, list({pod("alone", "b", nullptr), pod("stays", "c", nullptr)}),
                               list({volume("data", "a"), volume("other", "c")}));
  CHECK(plan.lost_pods == std::vector<std::string>{"shop/alone on b"});
  CHECK(plan.lost_volumes == std::vector<std::string>{"shop/data on a"});
}

TEST_CASE("a volume that nothing claims, or that any node can use, is no loss") {
  json unclaimed = volume("data", "a");
  unclaimed["spec"].erase("claimRef");
  json anywhere = volume("data", "a");
  anywhere["spec"].erase("nodeAffinity");
  CHECK(plan_drain({"a"}, json::object(), list({unclaimed, anywhere})).lost_volumes.empty());
}

TEST_CASE("new workers take the lowest numbers that are free") {
  using Names = std::vector<std::string>;
  CHECK(new_worker_names("dev", {}, 2) == Names{"dev-worker", "dev-worker2"});
  CHECK(new_worker_names("dev", {"dev-worker"}, 2) == Names{"dev-worker2", "dev-worker3"});
  CHECK(new_worker_names("dev", {"dev-worker", "dev-worker3"}, 2) == Names{"dev-worker2", "dev-worker4"});
}
