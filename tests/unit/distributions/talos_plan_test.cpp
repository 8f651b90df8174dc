// SPDX-License-Identifier: Apache-2.0
#include "distributions/load_balancer.hpp"
#include "distributions/talos/config_check.hpp"
#include "distributions/talos/image_pulls.hpp"
#include "distributions/talos/release.hpp"
#include "distributions/talos/secrets.hpp"
#include "distributions/talos/talos.hpp"
#include "distributions/talos/talos_plan.hpp"
#include "kubernetes/base64.hpp"
#include "kubernetes/kubeconfig.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace ksail;
using namespace ksail::talos;

namespace {

PlanInput input(unsigned control_planes, unsigned workers, std::map<std::string, std::string> labels = {}) {
  PlanInput made;
  made.spec.name = "dev";
  made.spec.distribution = "Talos";
  made.spec.control_planes = control_planes;
  made.spec.workers = workers;
  made.spec.node_image = "ghcr.io/siderolabs/talos:v1.13.0";
  made.network.subnet = "172.30.1.0/24";
  made.images[made.spec.node_image] = ImageFacts{made.spec.node_image, "present", std::move(labels)};
  made.images[load_balancer_image(made.spec).ref] = ImageFacts{"haproxy:1", "present", {}};
  return made;
}

const NodeFile *file_of(const NodeTemplate &node, const std::string &path) {
  for (const auto &file : node.files)
    if (file.path == path) return &file;
  return nullptr;
}

Documents config_of(const NodeTemplate &node) {
  const NodeFile *file = file_of(node, config_file);
  REQUIRE(file != nullptr);
  CHECK(file->mode == 0600);
  auto documents = kubernetes::parse_yaml_documents(file->content, "config.yaml");
  REQUIRE(documents);
  CHECK(check_config(*documents, Contract{13}, MachineMode::container, "config.yaml"));
  return *documents;
}

std::vector<int> ports_of(const NodeTemplate &node) {
  std::vector<int> ports;
  for (const auto &port : node.settings.value("ports", nlohmann::json::array()))
    ports.push_back(port.at("container").get<int>());
  return ports;
}

} // namespace

TEST_CASE("which Talos and which Kubernetes an image holds") {
  auto release = release_of("", "ghcr.io/siderolabs/talos:v1.12.1", {});
  REQUIRE(release);
  CHECK(release->contract.minor == 12);
  CHECK(release->kubernetes == "v1.35.4");
  release = release_of("1.34.1", "ghcr.io/siderolabs/talos:v1.12.1@sha256:0", {});
  REQUIRE(release);
  CHECK(release->kubernetes == "v1.34.1");
  release =
      release_of("", "local/talos:mine", {{"ksail.talos-version", "v1.13.0"}, {"ksail.kubernetes-version", "v1.34.2"}});
  REQUIRE(release);
  CHECK(release->talos == "v1.13.0");
  CHECK(release->kubernetes == "v1.34.2");
  CHECK(release_of("", "local/talos:mine", {}).error().message.find("cannot be told") != std::string::npos);
  CHECK(release_of("v1.36.0", "ghcr.io/siderolabs/talos:v1.11.0", {}).error().message ==
        "Talos 1.11 does not run Kubernetes v1.36.0");
  CHECK(release_of("", "ghcr.io/siderolabs/talos:v1.7.0", {}).error().message == "Talos v1.7.0 is not supported");
}

TEST_CASE("an image that starts something else than machined is refused by what it starts") {
  const Talos talos;
  PlanInput given = input(1, 0);
  ImageFacts &image = given.images[given.spec.node_image];
  for (const char *program : {"/sbin/init", "/usr/bin/init", "machined"}) {
    image.command = {program};
    CHECK(talos.plan(given));
  }
  image.command = {"/usr/bin/registry", "serve"};
  auto plan = talos.plan(given);
  REQUIRE_FALSE(plan);
  CHECK(plan.error().code == Code::failed_precondition);
  CHECK(plan.error().message == "the node image ghcr.io/siderolabs/talos:v1.13.0 holds no machined: it starts "
                                "/usr/bin/registry where Talos has /sbin/init");
}

TEST_CASE("a user's secrets become the cluster's, and what is wrong in them is told beforehand") {
  const Talos talos;
  auto secrets = SecretsBundle::create();
  REQUIRE(secrets);
  PlanInput given = input(1, 0);
  given.spec.secrets = {"keys.yaml", secrets->to_yaml()};
  REQUIRE(talos.check(given.spec));
  auto plan = talos.plan(given);
  REQUIRE(plan);
  auto used =
      SecretsBundle::from_machine_config(file_of((*plan)->nodes().front(), config_file)->content, "config.yaml");
  REQUIRE(used);
  CHECK(used->to_yaml() == secrets->to_yaml());
  given.spec.secrets.text.replace(given.spec.secrets.text.find("secret:"), 7, "sacred:");
  auto checked = talos.check(given.spec);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().code == Code::config);
  CHECK(checked.error().message == "keys.yaml: cluster.secret is missing");
}

TEST_CASE("one Talos node publishes both APIs, and nothing of its keys is in what the provider shows") {
  const Talos talos;
  auto plan = talos.plan(input(1, 0));
  REQUIRE(plan);
  REQUIRE((*plan)->nodes().size() == 1);
  const NodeTemplate &node = (*plan)->nodes().front();
  CHECK(node.name == "dev-control-plane");
  CHECK(ports_of(node) == std::vector<int>{kubernetes_api_port, talos_api_port});
  CHECK(node.settings.at("address") == "172.30.1.2");
  CHECK(node.settings.at("read_only_root") == true);
  const std::string shown = node.settings.dump();
  CHECK(shown.find("KEY") == std::string::npos);
  CHECK(shown.find("LS0t") == std::string::npos);
  const Documents config = config_of(node);
  CHECK(find(config.front(), "cluster.controlPlane.endpoint")->value == "https://172.30.1.2:6443");
  CHECK(find(config.front(), "cluster.allowSchedulingOnControlPlanes")->value == "true");
  CHECK(find(config.front(), "cluster.network.cni") == nullptr); // flannel
  CHECK(find(config.front(), "machine.features.kubePrism.enabled")->value == "false");
  CHECK(find(config.front(), "machine.kubelet.extraConfig.httpCheckFrequency")->value == "1s");
  CHECK(find(config.front(), "machine.kubelet.extraConfig.syncFrequency")->value == "10s");
  CHECK((*plan)->api_endpoint() == std::pair<std::string, int>("dev-control-plane", 6443));
  CHECK((*plan)->kubernetes_version() == "v1.36.0");
  CHECK(file_of(node, "/etc/kubernetes/kubeconfig-kubelet") != nullptr);
  CHECK(file_of(node, "/var/lib/kubelet/pki/kubelet-client-current.pem")
            ->symlink.ends_with("kubelet-client-initial.pem"));
  auto access = kubernetes::parse_access((*plan)->kubeconfig("ksail-dev", "https://127.0.0.1:1234"), "ksail-dev");
  REQUIRE(access);
  CHECK(access->endpoint.port == 1234);
}

TEST_CASE("several Talos control planes stand behind the load balancer, whose address the workers know; joining ones "
          "know the first") {
  const Talos talos;
  auto plan = talos.plan(input(3, 2));
  REQUIRE(plan);
  const auto &nodes = (*plan)->nodes();
  REQUIRE(nodes.size() == 6);
  CHECK(nodes.back().role == "load-balancer");
  CHECK((*plan)->api_endpoint().first == "dev-load-balancer");
  CHECK(ports_of(nodes[0]) == std::vector<int>{talos_api_port});
  CHECK(ports_of(nodes[1]).empty());
  const std::string balancer = nodes.back().settings.at("address").get<std::string>();
  for (std::size_t i = 0; i < 5; ++i) {
    const Documents config = config_of(nodes[i]);
    const std::string endpoint = i < 3 ? nodes[0].settings.at("address").get<std::string>() : balancer;
    CHECK(find(config.front(), "cluster.controlPlane.endpoint")->value == "https://" + endpoint + ":6443");
    CHECK(find(config.front(), "machine.features.kubePrism.enabled")->value == "true");
    if (i < 3) CHECK(find(config.front(), "cluster.apiServer.certSANs")->items.back().value == balancer);
    CHECK(find(config.front(), "machine.type")->value == (i < 3 ? "controlplane" : "worker"));
  }
  CHECK(find(config_of(nodes[0]).front(), "cluster.allowSchedulingOnControlPlanes") == nullptr);
  std::vector<std::string> names;
  for (const auto &step : (*plan)->steps())
    names.push_back(step.name);
  CHECK(names == std::vector<std::string>{"bootstrap", "images:dev-control-plane", "images:dev-control-plane2",
                                          "images:dev-control-plane3", "images:dev-worker", "images:dev-worker2", "api",
                                          "nodes-ready", "control-planes", "dns", "talosconfig"});
}

TEST_CASE("images are pulled beforehand unless the node image holds them") {
  const Talos talos;
  const auto pulls_of = [&](std::map<std::string, std::string> labels) {
    PlanInput given = input(1, 1, std::move(labels));
    given.spec.kubernetes_version = "v1.34.2";
    std::vector<std::string> names;
    auto plan = talos.plan(given);
    REQUIRE(plan);
    for (const auto &step : (*plan)->steps())
      if (step.name.starts_with("images:")) names.push_back(step.name);
    return names;
  };
  CHECK(pulls_of({{"ksail.kubernetes-version", "v1.34.2"}}).empty());
  CHECK(pulls_of({{"ksail.kubernetes-version", "v1.35.0"}}).size() == 2);
  CHECK(pulls_of({}).size() == 2);
  auto plan = talos.plan(input(1, 1));
  REQUIRE(plan);
  const Documents config = config_of((*plan)->nodes().front());
  using talos_api::ImageNamespace;
  const ImagePull kubelet{ImageNamespace::system, "ghcr.io/siderolabs/kubelet:v1.36.0"};
  const ImagePull proxy{ImageNamespace::kubernetes, "registry.k8s.io/kube-proxy:v1.36.0"};
  CHECK(image_pulls(config, false) == std::vector<ImagePull>{kubelet, proxy});
  const auto all = image_pulls(config, true);
  CHECK(all.size() == 5);
  CHECK(all.front() == kubelet);
  CHECK(all.back() == proxy);
  Documents without = config;
  set(without.front(), "cluster.proxy.disabled", boolean(true));
  CHECK(image_pulls(without, false) == std::vector<ImagePull>{kubelet});
}

TEST_CASE("the pod network of a Talos node image comes from its label") {
  const Talos talos;
  const std::string manifest = "kind: ConfigMap\nsubnet: \"{{ .PodSubnet }}\"\n";
  auto plan = talos.plan(input(1, 0, {{"ksail.talos-cni", kubernetes::encode_base64(manifest)}}));
  REQUIRE(plan);
  Documents config = config_of((*plan)->nodes().front());
  CHECK(find(config.front(), "cluster.network.cni.name")->value == "none");
  CHECK(find(config.front(), "cluster.inlineManifests")->items.front().text("contents") ==
        "kind: ConfigMap\nsubnet: \"10.244.0.0/16\"\n");
  CHECK(file_of((*plan)->nodes().front(), "/etc/cni/net.d/10-kindnet.conflist") != nullptr);
  PlanInput without = input(1, 0, {{"ksail.talos-cni", kubernetes::encode_base64(manifest)}});
  without.spec.cni = Cni::none;
  plan = talos.plan(without);
  REQUIRE(plan);
  config = config_of((*plan)->nodes().front());
  CHECK(find(config.front(), "cluster.inlineManifests") == nullptr);
  CHECK(file_of((*plan)->nodes().front(), "/etc/cni/net.d/10-kindnet.conflist") == nullptr);
  CHECK_FALSE(talos.plan(input(1, 0, {{"ksail.talos-cni", "not base64!"}})));
}

TEST_CASE("a user's patches change the configurations of the machines they are meant for") {
  const Talos talos;
  PlanInput patched = input(1, 1);
  patched.spec.machine_patches = {{"", "all.yaml", "machine:\n  sysctls:\n    net.core.somaxconn: \"4096\"\n"},
                                  {"worker", "worker.yaml", "machine:\n  nodeLabels:\n    tier: web\n"},
                                  {"control-plane", "cp.json", R"([{"op": "remove", "path": "/cluster/discovery"}])"}};
  REQUIRE(talos.check(patched.spec));
  auto plan = talos.plan(patched);
  REQUIRE(plan);
  const Documents control_plane = config_of((*plan)->nodes()[0]);
  const Documents worker = config_of((*plan)->nodes()[1]);
  CHECK(find(worker.front(), "machine.sysctls")->text("net.core.somaxconn") == "4096");
  CHECK(find(control_plane.front(), "machine.sysctls")->text("net.core.somaxconn") == "4096");
  CHECK(find(worker.front(), "machine.nodeLabels.tier")->value == "web");
  CHECK(find(control_plane.front(), "machine.nodeLabels.tier") == nullptr);
  CHECK(find(control_plane.front(), "cluster.discovery") == nullptr);
  CHECK(find(worker.front(), "cluster.discovery") != nullptr);
}

TEST_CASE("a patch that cannot be applied is refused before anything is made, with its file and line") {
  const Talos talos;
  ClusterSpec spec = input(1, 0).spec;
  const auto refused = [&](const std::string &text) {
    spec.machine_patches = {{"", "my.yaml", text}};
    auto checked = talos.check(spec);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == Code::config);
    return checked.error().message;
  };
  CHECK(refused("machine:\n  network: [\n").starts_with("my.yaml:"));
  CHECK(refused("- op: remove\n  path: /machine/nothing\n").starts_with("my.yaml:1"));
  CHECK(refused("machine:\n  sysctls: {a: b}\n  nonsense: 1\n")
            .starts_with("my.yaml:3: the patched configuration of a control-plane: machine.nonsense is not known"));
  CHECK(
      refused("- op: add\n  path: /cluster/clusterName\n  value: a\n- op: add\n  path: /machine/nonsense\n  value: 1\n")
          .starts_with("my.yaml:4: "));
  CHECK(
      refused("cluster:\n  network:\n    cni:\n      name: custom\n")
          .starts_with("my.yaml:3: the patched configuration of a control-plane: cluster.network.cni.urls is missing"));
  CHECK(refused("machine: {}\n---\napiVersion: v1alpha1\nkind: Nonsense\n").starts_with("my.yaml:4: "));
  CHECK(refused("apiVersion: v1alpha1\nkind: HostnameConfig\nauto: never\n").starts_with("my.yaml:3: "));
}

TEST_CASE("what a Talos cluster cannot be is refused with the option's name") {
  const Talos talos;
  ClusterSpec spec = input(1, 0).spec;
  CHECK(talos.check(spec));
  spec.disable = {"traefik"};
  CHECK(talos.check(spec).error().message.find("--disable") != std::string::npos);
  spec.disable.clear();
  spec.kubernetes_version = "v1.20.0";
  CHECK(talos.check(spec).error().message.find("does not run Kubernetes v1.20.0") != std::string::npos);
  spec.kubernetes_version.clear();
  spec.pod_subnet = "10.244.0.0";
  CHECK_FALSE(talos.check(spec));
  CHECK(talos.images(input(3, 0).spec).size() == 2);
  CHECK(talos.default_node_image("") == "ghcr.io/siderolabs/talos:v1.13.0");
}
