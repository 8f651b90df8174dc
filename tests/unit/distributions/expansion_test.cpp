// SPDX-License-Identifier: Apache-2.0
// Workers for clusters that run: what is read from a control plane, and what becomes of it.
#include "distributions/distribution.hpp"
#include "distributions/k3s/credentials.hpp"
#include "distributions/pki/certificate_authority.hpp"
#include "run_coroutine.hpp"

#include "distributions/talos/config_tree.hpp"
#include "distributions/talos/machine_config.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstdio>

using namespace ksail;
using Catch::Contains;

namespace {

/// A tar archive of one small file (POSIX ustar).
std::string tar_of(const std::string &name, const std::string &content) {
  std::string head(512, '\0');
  head.replace(0, name.size(), name);
  std::array<char, 13> size{};
  std::snprintf(size.data(), size.size(), "%011o", static_cast<unsigned>(content.size()));
  head.replace(124, 11, size.data());
  head[156] = '0';
  head.replace(257, 5, "ustar");
  std::string archive = head + content;
  archive.resize((archive.size() + 511) / 512 * 512 + 1024, '\0');
  return archive;
}

/// Answers every command with what the last word of it is known for.
struct ControlPlane final : NodeAccess {
  std::map<std::string, std::string> answers; ///< part of the last word -> output
  std::vector<std::string> inputs;
  asio::awaitable<Result<ExecOutput>> exec(std::string, std::vector<std::string> argv, std::string input,
                                           Deadline) override {
    if (!input.empty()) inputs.push_back(input);
    ExecOutput output;
    output.exit_code = 1;
    for (const auto &[part, answer] : answers)
      if (argv.back().find(part) != std::string::npos) output = ExecOutput{0, answer, ""};
    co_return output;
  }
  std::map<std::string, std::string> files; ///< node -> the one file that is asked for
  asio::awaitable<Result<std::string>> copy_from(std::string node, std::string path, Deadline) override {
    const auto found = files.find(node);
    if (found == files.end()) co_return Error(Code::not_found, "node " + node + " has no " + path);
    co_return tar_of(path.substr(path.rfind('/') + 1), found->second);
  }
  asio::awaitable<Result<std::string>> log_tail(std::string, unsigned, Deadline) override { co_return std::string(); }
};

ExpansionInput two_more(const char *distribution, const char *image) {
  ExpansionInput input;
  input.spec.name = "dev";
  input.spec.distribution = distribution;
  input.spec.workers = 3;
  input.spec.node_image = image;
  input.images[image] = ImageFacts{image, "present", {}};
  input.network = NetworkFacts{"ksail-dev", "192.0.2.0/24", "192.0.2.1"};
  input.control_plane = "dev-control-plane";
  input.names = {"dev-worker2", "dev-worker3"};
  for (const auto &[name, role, address] : {std::tuple("dev-control-plane", "control-plane", "192.0.2.2"),
                                            std::tuple("dev-worker", "worker", "192.0.2.4")}) {
    NodeFacts node;
    node.name = name;
    node.role = role;
    node.ipv4 = address;
    input.nodes.push_back(std::move(node));
  }
  return input;
}

std::string content(const NodeTemplate &node, const std::string &path) {
  for (const auto &file : node.files)
    if (file.path == path) return file.content;
  FAIL(node.name << " has no " << path);
  return {};
}

Result<Expansion> expand(ControlPlane &access, ExpansionInput input) {
  asio::io_context io;
  const auto *distribution = find_distribution(input.spec.distribution);
  return test::run<Expansion>(
      io, [&] { return distribution->expand(access, input, Deadline::after(std::chrono::seconds(5))); });
}

} // namespace

TEST_CASE("Vanilla: new workers get free addresses and pod ranges, and certificates of the cluster's authority") {
  auto authority = pki::Authority::create("kubernetes");
  REQUIRE(authority);
  ControlPlane access;
  access.answers["pki/ca.crt"] =
      authority->certificate_pem() + "=====\n" + authority->key_pem() + "=====\n10.244.0.0/24\n10.244.2.0/24\n";
  access.answers["create -f -"] = "";
  auto expansion = expand(access, two_more("Vanilla", "docker.io/kindest/node:v1.34.2"));
  REQUIRE(expansion);
  REQUIRE(expansion->nodes.size() == 2);
  CHECK(expansion->nodes[0].settings["address"] == "192.0.2.3");
  CHECK(expansion->nodes[1].settings["address"] == "192.0.2.5");
  CHECK_THAT(content(expansion->nodes[0], "/etc/cni/net.d/10-kindnet.conflist"), Contains("10.244.1.0/24"));
  CHECK_THAT(content(expansion->nodes[1], "/etc/cni/net.d/10-kindnet.conflist"), Contains("10.244.3.0/24"));
  CHECK(content(expansion->nodes[0], "/etc/kubernetes/pki/ca.crt") == authority->certificate_pem());
  CHECK_THAT(content(expansion->nodes[0], "/var/lib/kubelet/pki/kubelet-client-initial.pem"),
             Contains("BEGIN CERTIFICATE") && Contains("PRIVATE KEY"));
  CHECK_THAT(content(expansion->nodes[0], "/etc/kubernetes/kubelet.conf"),
             Contains("https://dev-control-plane:6443") && Contains("system:node:dev-worker2"));
  for (const auto &file : expansion->nodes[0].files)
    CHECK(file.path.find("ca.key") == std::string::npos);

  REQUIRE(expansion->announce);
  asio::io_context io;
  CHECK(test::run<void>(io, expansion->announce));
  REQUIRE(access.inputs.size() == 1);
  const auto list = nlohmann::json::parse(access.inputs[0]);
  CHECK(list["items"][0]["metadata"]["name"] == "dev-worker2");
  CHECK(list["items"][1]["spec"]["podCIDR"] == "10.244.3.0/24");
}

TEST_CASE("Vanilla: a control plane that cannot be read is named") {
  ControlPlane access;
  auto expansion = expand(access, two_more("Vanilla", "docker.io/kindest/node:v1.34.2"));
  REQUIRE_FALSE(expansion);
  CHECK_THAT(expansion.error().message, Contains("dev-control-plane"));
}

TEST_CASE(
    "K3s: new agents join with the token, which pins the authority, through the load balancer where there is one") {
  auto credentials = k3s::Credentials::create();
  REQUIRE(credentials);
  ControlPlane access;
  access.answers["cluster-token"] = credentials->secret() + "\n";
  access.answers["server-ca.crt"] = credentials->server_ca();
  auto input = two_more("K3s", "docker.io/rancher/k3s:v1.34.2-k3s1");
  auto expansion = expand(access, input);
  REQUIRE(expansion);
  REQUIRE(expansion->nodes.size() == 2);
  CHECK(content(expansion->nodes[0], "/etc/rancher/k3s/cluster-token") == *credentials->full_token() + "\n");
  CHECK_THAT(content(expansion->nodes[0], "/etc/rancher/k3s/config.yaml"), Contains("https://192.0.2.2:6443"));
  CHECK(expansion->nodes[1].settings["address"] == "192.0.2.5");
  CHECK_FALSE(expansion->announce);

  NodeFacts balancer;
  balancer.name = "dev-load-balancer";
  balancer.role = "load-balancer";
  balancer.ipv4 = "192.0.2.9";
  input.nodes.push_back(balancer);
  access.answers["cluster-token"] = *credentials->full_token();
  expansion = expand(access, input);
  REQUIRE(expansion);
  CHECK(content(expansion->nodes[0], "/etc/rancher/k3s/cluster-token") == *credentials->full_token() + "\n");
  CHECK_THAT(content(expansion->nodes[0], "/etc/rancher/k3s/config.yaml"), Contains("https://192.0.2.9:6443"));
}

TEST_CASE("Talos: new workers are like those that are there, and like the first ones where none is") {
  auto secrets = talos::SecretsBundle::create();
  REQUIRE(secrets);
  talos::ClusterConfig cluster;
  cluster.contract = talos::Contract{13};
  cluster.cluster_name = "dev";
  cluster.endpoint = "https://192.0.2.9:6443";
  cluster.kubernetes_version = "v1.36.0";
  ControlPlane access;
  access.files["dev-control-plane"] =
      talos::to_yaml(talos::machine_config(cluster, *secrets, talos::MachineType::controlplane));
  access.files["dev-worker"] = "# patched\nversion: v1alpha1\n";
  auto input = two_more("Talos", "ghcr.io/siderolabs/talos:v1.13.0");
  auto expansion = expand(access, input);
  REQUIRE(expansion);
  REQUIRE(expansion->nodes.size() == 2);
  CHECK_FALSE(expansion->announce);
  CHECK(expansion->nodes[0].role == "worker");
  CHECK(expansion->nodes[0].settings["address"] == "192.0.2.3");
  CHECK(expansion->nodes[1].settings["address"] == "192.0.2.5");
  CHECK(expansion->nodes[1].settings["hostname"] == "dev-worker3");
  CHECK(content(expansion->nodes[0], "/system/state/config.yaml") == access.files["dev-worker"]);
  CHECK_THAT(content(expansion->nodes[0], "/var/lib/kubelet/pki/kubelet-client-initial.pem"),
             Contains("BEGIN CERTIFICATE") && Contains("PRIVATE KEY"));

  input.nodes.pop_back();
  expansion = expand(access, input);
  REQUIRE(expansion);
  const std::string config = content(expansion->nodes[0], "/system/state/config.yaml");
  auto documents = kubernetes::parse_yaml_documents(config, "config.yaml");
  REQUIRE(documents);
  CHECK(talos::find(documents->front(), "machine.type")->value == "worker");
  CHECK(talos::find(documents->front(), "machine.token")->value == secrets->trustd_token);
  CHECK(talos::find(documents->front(), "cluster.controlPlane.endpoint")->value == "https://192.0.2.9:6443");
  CHECK(talos::find(documents->front(), "cluster.ca.key")->value.empty());
  CHECK(talos::find(documents->front(), "machine.ca.key")->value.empty());

  NodeFacts balancer;
  balancer.name = "dev-load-balancer";
  balancer.role = "load-balancer";
  balancer.ipv4 = "192.0.2.7";
  input.nodes.push_back(balancer);
  expansion = expand(access, input);
  REQUIRE(expansion);
  CHECK_THAT(content(expansion->nodes[0], "/system/state/config.yaml"), Contains("endpoint: https://192.0.2.7:6443"));
  input.nodes.pop_back();

  access.files["dev-control-plane"] = "version: v1alpha1\nmachine:\n  type: worker\n";
  expansion = expand(access, input);
  REQUIRE_FALSE(expansion);
  CHECK_THAT(expansion.error().message, Contains("config.yaml of node dev-control-plane") && Contains("machine.type"));
}
