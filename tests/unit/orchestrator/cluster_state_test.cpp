// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cluster_state.hpp"

#include <nlohmann/json.hpp>

#include <catch2/catch.hpp>

using namespace ksail;
using nlohmann::json;

namespace {

json node_json(const std::string &name, const std::string &role, const std::string &state, int port = 0) {
  json node = {{"name", name},
               {"role", role},
               {"state", state},
               {"cluster", "dev"},
               {"labels", {{"ksail.distribution", "Vanilla"}}},
               {"addresses", {{"ipv4", "172.28.0.2"}}}};
  if (port) node["ports"] = json::array({{{"container", 6443}, {"host_port", port}, {"host_address", "0.0.0.0"}}});
  return node;
}

NodeReadiness readiness(const std::string &name, bool ready, const std::string &reason = "") {
  NodeReadiness r;
  r.name = name;
  r.ready = ready;
  r.reason = reason;
  r.kubelet_version = "v1.34.2";
  return r;
}

} // namespace

TEST_CASE("nodes sort by role and then by number, as they were named") {
  json answer = {{"nodes", json::array()}};
  for (const char *name : {"dev-worker10", "dev-worker2", "dev-worker"})
    answer["nodes"].push_back(node_json(name, "worker", "running"));
  answer["nodes"].push_back(node_json("dev-control-plane", "control-plane", "running"));
  std::vector<std::string> names;
  for (const auto &node : parse_nodes(answer))
    names.push_back(node.name);
  CHECK(names == std::vector<std::string>{"dev-control-plane", "dev-worker", "dev-worker2", "dev-worker10"});
}

TEST_CASE("an answer with missing or ill-typed members reads as defaults") {
  const auto node =
      parse_node(json::parse(R"({"name":7,"ports":[{"container":"x"},5],"labels":{"a":1},"addresses":[]})"));
  CHECK(node.name.empty());
  CHECK(node.ports.empty());
  CHECK(node.labels.empty());
  CHECK(node.state == "unknown");
  CHECK(parse_nodes(json::object()).empty());
}

TEST_CASE("all running and Ready is Ready; one that is not is named with its reason") {
  const json answer = {{"nodes",
                        {node_json("dev-control-plane", "control-plane", "running", 40001),
                         node_json("dev-worker", "worker", "running")}}};
  auto status = status_from_provider(parse_nodes(answer), "Docker");
  CHECK(status.state == "Running");
  CHECK(status.server == "https://127.0.0.1:40001");
  CHECK(status.distribution == "Vanilla");
  auto good = status;
  add_readiness(good, std::vector<NodeReadiness>{readiness("dev-control-plane", true), readiness("dev-worker", true)});
  CHECK(good.state == "Ready");
  CHECK(good.kubernetes_version == "v1.34.2");
  auto bad = status;
  add_readiness(
      bad, std::vector<NodeReadiness>{readiness("dev-control-plane", true), readiness("dev-worker", false, "no CNI")});
  CHECK(bad.state == "NotReady");
  CHECK(bad.detail == "dev-worker: no CNI");
  auto missing = status;
  add_readiness(missing, std::vector<NodeReadiness>{readiness("dev-control-plane", true)});
  CHECK(missing.state == "NotReady");
  CHECK(missing.detail == "dev-worker: not registered");
  auto silent = status;
  add_readiness(silent, Error(Code::unavailable, "connection refused"));
  CHECK(silent.state == "Unreachable");
}

TEST_CASE("stopped nodes make a cluster Stopped or Partial, whatever stale conditions say") {
  const json all = {
      {"nodes",
       {node_json("dev-control-plane", "control-plane", "exited"), node_json("dev-worker", "worker", "exited")}}};
  auto stopped = status_from_provider(parse_nodes(all), "Docker");
  add_readiness(stopped, Error(Code::unavailable, "connection refused"));
  CHECK(stopped.state == "Stopped");
  const json one = {
      {"nodes",
       {node_json("dev-control-plane", "control-plane", "running"), node_json("dev-worker", "worker", "exited")}}};
  auto partial = status_from_provider(parse_nodes(one), "Docker");
  add_readiness(partial,
                std::vector<NodeReadiness>{readiness("dev-control-plane", true), readiness("dev-worker", true)});
  CHECK(partial.state == "Partial");
  CHECK(partial.detail == "dev-worker is exited");
  CHECK_FALSE(partial.nodes[1].ready);
}

TEST_CASE("the load balancer's port is the API server's when there is one") {
  const json answer = {{"nodes",
                        {node_json("dev-control-plane", "control-plane", "running", 40001),
                         node_json("dev-load-balancer", "load-balancer", "running", 40002)}}};
  CHECK(published_api_server(parse_nodes(answer)) == "https://127.0.0.1:40002");
}

TEST_CASE("readiness of a Node object, with the kubelet's heartbeat") {
  const auto node =
      json::parse(R"({"metadata":{"name":"a"},"status":{"nodeInfo":{"kubeletVersion":"v1.34.2"},"conditions":[
    {"type":"MemoryPressure","status":"False"},
    {"type":"Ready","status":"True","lastHeartbeatTime":"2026-01-02T03:04:05Z"}]}})");
  const auto r = node_readiness(node);
  CHECK(r.ready);
  CHECK(r.heartbeat_unix == 1767323045);
  CHECK_FALSE(node_readiness(json::parse(R"({"metadata":{"name":"a"}})")).ready);
}
