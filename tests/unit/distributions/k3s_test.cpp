// SPDX-License-Identifier: Apache-2.0
#include "distributions/distribution.hpp"
#include "distributions/k3s/configuration.hpp"
#include "distributions/k3s/credentials.hpp"
#include "distributions/k3s/pod_images.hpp"
#include "distributions/k3s/release.hpp"
#include "distributions/load_balancer.hpp"
#include "kubernetes/kubeconfig.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace ksail;

namespace {

const std::string proxy = "kube-proxy-arg:\n  - \"iptables-min-sync-period=100ms\"\n";
const std::string pace = "kube-controller-manager-arg:\n  - \"kube-api-qps=300\"\n  - \"kube-api-burst=600\"\n" + proxy;

ClusterSpec two_nodes() {
  ClusterSpec spec;
  spec.name = "dev";
  spec.distribution = "K3s";
  spec.workers = 1;
  spec.node_image = "docker.io/rancher/k3s:v1.35.1-k3s1";
  return spec;
}

std::unique_ptr<ClusterPlan> plan_of(const ClusterSpec &spec, int cgroup_version = 2) {
  PlanInput input;
  input.spec = spec;
  input.host.cgroup_version = cgroup_version;
  input.network = NetworkFacts{"ksail-dev", "192.0.2.0/24", "192.0.2.1"};
  input.images[spec.node_image] = ImageFacts{spec.node_image, "present", {}};
  if (spec.control_planes > 1)
    input.images[load_balancer_image(spec).ref] = ImageFacts{"ksail/load-balancer:1", "substitute", {}};
  auto plan = find_distribution("k3s")->plan(input);
  REQUIRE(plan);
  return std::move(*plan);
}

const NodeFile *file_of(const NodeTemplate &node, const std::string &path) {
  for (const auto &file : node.files)
    if (file.path == path) return &file;
  return nullptr;
}

} // namespace

TEST_CASE("the image of a K3s release") {
  CHECK(k3s::pinned_image("v1.33.5") == "docker.io/rancher/k3s:v1.33.5-k3s1");
  CHECK(k3s::pinned_image("v1.33").empty());
  CHECK(k3s::pinned_image("").find(":v1.") != std::string::npos);
}

TEST_CASE("what a published image of K3s pulls is known ahead") {
  const auto all = k3s::pod_images(k3s::pinned_image(""), {});
  REQUIRE(all.size() == 8);
  CHECK(all[0] == "docker.io/rancher/mirrored-pause:3.6");
  CHECK(all[1] == "docker.io/rancher/mirrored-coredns-coredns:1.13.1");
  CHECK(k3s::pod_images("registry.example.org:5000/rancher/k3s:v1.34.2-k3s1", {}).size() == 8);
  CHECK(k3s::pod_images("rancher/k3s:v1.34.2-k3s1@sha256:" + std::string(64, 'a'), {}).size() == 8);
  // Without the disabled components: neither the chart nor what installs it.
  const auto small = k3s::pod_images("rancher/k3s:v1.34.2-k3s1", {"traefik", "metrics-server"});
  CHECK(small.size() == 5);
  for (const auto &reference : small)
    CHECK(reference.find("helm") == std::string::npos);
  CHECK(k3s::pod_images("rancher/k3s:v1.29.1-k3s1", {}).empty());
  CHECK(k3s::pod_images("ksail/k3s-standin:v1.34.2", {}).empty());
  CHECK(k3s::pod_images("someone/not-rancher/k3sx:v1.34.2-k3s1", {}).empty());
  CHECK(k3s::pod_images("rancher/k3s", {}).empty());
}

TEST_CASE("which Kubernetes an image of K3s holds") {
  auto by_tag = k3s::release_of("", "registry:5000/rancher/k3s:v1.34.2-k3s1@sha256:abc", {});
  REQUIRE(by_tag);
  CHECK(by_tag->kubernetes == "v1.34.2");
  CHECK(by_tag->minor == 34);
  auto by_label = k3s::release_of("", "x:y", {{"ksail.kubernetes-version", "v1.33.1"}});
  REQUIRE(by_label);
  CHECK(by_label->kubernetes == "v1.33.1");
  auto as_asked = k3s::release_of("v1.32.0", "x:y", {});
  REQUIRE(as_asked);
  CHECK(as_asked->minor == 32);

  CHECK(k3s::release_of("", "x:y", {}).error().code == Code::usage);
  CHECK(k3s::release_of("", "localhost:5000/x", {}).error().code == Code::usage);
  CHECK(k3s::release_of("v1.33.1", "k3s:v1.34.2-k3s1", {}).error().code == Code::failed_precondition);
  CHECK(k3s::release_of("", "k3s:v1.20.0-k3s1", {}).error().message.find("too old") != std::string::npos);
}

TEST_CASE("what a K3s server and an agent are told") {
  HostFacts host;
  k3s::ServerSettings settings;
  settings.names = {"api.example.org"};
  settings.disable = {"traefik"};
  CHECK(k3s::server_config(settings, host, 34) ==
        "token-file: /etc/rancher/k3s/cluster-token\ntls-san:\n  - \"api.example.org\"\ndisable:\n  - \"traefik\"\n" +
            pace);
  settings = {};
  settings.with_others = true;
  settings.network = false;
  CHECK(k3s::server_config(settings, host, 34) == "token-file: /etc/rancher/k3s/cluster-token\ncluster-init: true\n" +
                                                      pace + "flannel-backend: none\ndisable-network-policy: true\n");
  settings = {};
  settings.first = false;
  settings.with_others = true;
  settings.join = "192.0.2.2";
  CHECK(k3s::server_config(settings, host, 34) ==
        "token-file: /etc/rancher/k3s/cluster-token\nserver: \"https://192.0.2.2:6443\"\n" + pace);

  CHECK(k3s::agent_config("192.0.2.2", host, 34) ==
        "token-file: /etc/rancher/k3s/cluster-token\nserver: \"https://192.0.2.2:6443\"\n" + proxy);

  host.cgroup_version = 1;
  CHECK(k3s::agent_config("a", host, 34).find("kubelet-arg") == std::string::npos);
  CHECK(k3s::agent_config("a", host, 35).find("fail-cgroupv1=false") != std::string::npos);
}

TEST_CASE("the nodes of a K3s cluster") {
  const auto plan = plan_of(two_nodes());
  REQUIRE(plan->nodes().size() == 2);
  const auto &server = plan->nodes()[0];
  const auto &agent = plan->nodes()[1];
  CHECK(server.settings["args"] == nlohmann::json{"server"});
  CHECK(agent.settings["args"] == nlohmann::json{"agent"});
  CHECK(server.settings["address"] == "192.0.2.2");
  CHECK(server.settings["ports"][0]["container"] == 6443);
  CHECK_FALSE(agent.settings.contains("ports"));
  CHECK(plan->kubernetes_version() == "v1.35.1");
  // The agent waits for the server; the server for nobody.
  CHECK(file_of(server, k3s::start_script)->content.find("until") == std::string::npos);
  CHECK(file_of(agent, k3s::start_script)->content.find(k3s::gate_file) != std::string::npos);
  CHECK(file_of(server, "/var/lib/rancher/k3s/server/tls/server-ca.crt"));
  CHECK_FALSE(file_of(agent, "/var/lib/rancher/k3s/server/tls/server-ca.crt"));
}

TEST_CASE("several K3s servers stand behind a load balancer") {
  auto spec = two_nodes();
  spec.control_planes = 3;
  spec.api_host_port = 7443;
  CHECK(find_distribution("K3s")->check(spec));
  CHECK(find_distribution("K3s")->images(spec).size() == 2);
  const auto plan = plan_of(spec);
  REQUIRE(plan->nodes().size() == 5);
  const auto config = [&](std::size_t node) {
    return file_of(plan->nodes()[node], "/etc/rancher/k3s/config.yaml")->content;
  };
  const std::string names = "tls-san:\n  - \"dev-load-balancer\"\n  - \"192.0.2.6\"\n";
  CHECK(config(0) == "token-file: /etc/rancher/k3s/cluster-token\ncluster-init: true\n" + names + pace);
  for (const std::size_t further : {1, 2}) {
    CHECK(config(further) ==
          "token-file: /etc/rancher/k3s/cluster-token\nserver: \"https://192.0.2.2:6443\"\n" + names + pace);
    // They get the authorities from the first, and wait for it: K3s gives up when nobody listens there.
    CHECK_FALSE(file_of(plan->nodes()[further], "/var/lib/rancher/k3s/server/tls/server-ca.crt"));
    CHECK(file_of(plan->nodes()[further], k3s::start_script)->content.find(k3s::gate_file) != std::string::npos);
    CHECK(file_of(plan->nodes()[further], k3s::token_file)->content.starts_with("K10"));
    CHECK_FALSE(plan->nodes()[further].settings.contains("ports"));
  }
  CHECK(config(3).find("server: \"https://192.0.2.6:6443\"") != std::string::npos);
  const auto &balancer = plan->nodes()[4];
  CHECK(balancer.role == load_balancer_role);
  CHECK(balancer.image == "ksail/load-balancer:1");
  CHECK(balancer.settings["address"] == "192.0.2.6");
  CHECK(balancer.settings["ports"][0]["host"] == 7443);
  CHECK(plan->nodes()[0].settings["ports"][0]["host"] == 0);
  const std::string members = file_of(balancer, "/usr/local/etc/haproxy/haproxy.cfg")->content;
  for (const char *address : {"192.0.2.2:6443", "192.0.2.3:6443", "192.0.2.4:6443"})
    CHECK(members.find(address) != std::string::npos);
  CHECK(members.find("192.0.2.5:6443") == std::string::npos);
  CHECK(plan->api_endpoint() == std::pair<std::string, int>("dev-load-balancer", 6443));
}

TEST_CASE("further K3s servers join side by side, agents through the load balancer") {
  auto spec = two_nodes();
  spec.control_planes = 3;
  std::map<std::string, std::vector<std::string>> after;
  for (const auto &step : plan_of(spec)->steps())
    after[step.name] = step.after;
  using Names = std::vector<std::string>;
  CHECK(after.at("api") == Names{"node:dev-control-plane"});
  CHECK(after.at("join:dev-control-plane2") == Names{"api", "node:dev-control-plane2"});
  CHECK(after.at("join:dev-control-plane3") == Names{"api", "node:dev-control-plane3"});
  CHECK(after.at("load-balancer") == Names{"api", "node:dev-load-balancer"});
  CHECK(after.at("join:dev-worker") == Names{"load-balancer", "node:dev-worker"});
}

TEST_CASE("the token of a K3s cluster is in a file and nowhere else") {
  const auto plan = plan_of(two_nodes());
  const auto *secret = file_of(plan->nodes()[0], k3s::token_file);
  const auto *token = file_of(plan->nodes()[1], k3s::token_file);
  REQUIRE(secret);
  REQUIRE(token);
  CHECK(secret->mode == 0600);
  CHECK(token->mode == 0600);
  const std::string text = secret->content.substr(0, secret->content.size() - 1);
  CHECK(text.size() == 48);
  CHECK(token->content.starts_with("K10"));
  CHECK(token->content.ends_with("::server:" + text + "\n"));
  for (const auto &node : plan->nodes()) {
    CHECK(node.settings.dump().find(text) == std::string::npos);
    for (const auto &file : node.files)
      if (file.path != k3s::token_file) CHECK(file.content.find(text) == std::string::npos);
  }
}

TEST_CASE("the steps of a K3s cluster") {
  const auto names = [](const std::unique_ptr<ClusterPlan> &plan) {
    std::vector<std::string> result;
    for (const auto &step : plan->steps())
      result.push_back(step.name);
    return result;
  };
  CHECK(names(plan_of(two_nodes())) == std::vector<std::string>{"api", "join:dev-worker", "nodes-ready", "dns"});
  auto without_dns = two_nodes();
  without_dns.disable = {"coredns"};
  CHECK(names(plan_of(without_dns)) == std::vector<std::string>{"api", "join:dev-worker", "nodes-ready"});
  auto own_network = two_nodes();
  own_network.cni = Cni::none;
  CHECK(names(plan_of(own_network)) == std::vector<std::string>{"api", "join:dev-worker", "nodes-ready"});
}

TEST_CASE("what a K3s cluster cannot be") {
  const Distribution &distribution = *find_distribution("K3S");
  CHECK(distribution.check(two_nodes()));
  auto unknown = two_nodes();
  unknown.disable = {"nginx"};
  CHECK(distribution.check(unknown).error().message.find("'nginx'") != std::string::npos);
  auto without_server = two_nodes();
  without_server.control_planes = 0;
  CHECK(distribution.check(without_server).error().message.find("--control-planes") != std::string::npos);
  auto without_image = two_nodes();
  without_image.node_image.clear();
  CHECK(distribution.check(without_image).error().code == Code::usage);
  auto vanilla = two_nodes();
  vanilla.disable = {"traefik"};
  vanilla.node_image = "kindest/node:v1.34.0";
  CHECK(find_distribution("Vanilla")->check(vanilla).error().message.find("--disable") != std::string::npos);
}

TEST_CASE("a K3s cluster does not take a network that overlaps its pods") {
  PlanInput input;
  input.spec = two_nodes();
  input.network = NetworkFacts{"ksail-dev", "10.43.0.0/24", "10.43.0.1"};
  input.images[input.spec.node_image] = ImageFacts{input.spec.node_image, "present", {}};
  auto plan = find_distribution("k3s")->plan(input);
  REQUIRE_FALSE(plan);
  CHECK(plan.error().message.find("the Services' range 10.43.0.0/16") != std::string::npos);
}

TEST_CASE("the kubeconfig of a K3s cluster can be read back") {
  auto credentials = k3s::Credentials::create();
  REQUIRE(credentials);
  const std::string text =
      k3s::kubeconfig_text("ksail-dev", "https://127.0.0.1:6443", credentials->server_ca(), credentials->admin());
  auto access = kubernetes::parse_access(text, "ksail-dev");
  REQUIRE(access);
  CHECK(access->endpoint.tls.ca_pem == credentials->server_ca());
  CHECK(access->endpoint.tls.key_pem == credentials->admin().key_pem);
}
