// SPDX-License-Identifier: Apache-2.0
#include "distributions/addresses.hpp"
#include "distributions/distribution.hpp"
#include "distributions/tar_entry.hpp"
#include "distributions/vanilla/image_manifests.hpp"
#include "distributions/vanilla/node_scripts.hpp"
#include "distributions/vanilla/node_version.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>

using namespace ksail;

namespace {

ClusterSpec spec_of(unsigned workers) {
  ClusterSpec spec;
  spec.name = "dev";
  spec.workers = workers;
  spec.node_image = "docker.io/kindest/node:v1.34.2";
  return spec;
}

PlanInput input_of(unsigned workers) {
  PlanInput input;
  input.spec = spec_of(workers);
  input.network = NetworkFacts{"ksail-dev", "172.28.5.0/24", "172.28.5.1"};
  input.images[input.spec.node_image] = ImageFacts{input.spec.node_image, "present", {}};
  return input;
}

const NodeFile *file_of(const NodeTemplate &node, const std::string &path) {
  const auto found =
      std::find_if(node.files.begin(), node.files.end(), [&](const NodeFile &f) { return f.path == path; });
  return found == node.files.end() ? nullptr : &*found;
}

std::string checked(const ClusterSpec &spec) {
  const auto result = find_distribution("Vanilla")->check(spec);
  return result ? "" : result.error().message;
}

} // namespace

TEST_CASE("distributions are found in any case and shown in one") {
  REQUIRE(find_distribution("vanilla"));
  CHECK(find_distribution("VANILLA")->name() == "Vanilla");
  CHECK_FALSE(find_distribution("vanila"));
}

TEST_CASE("every node has its name, a fixed address and its own pod range before it starts") {
  auto plan = find_distribution("Vanilla")->plan(input_of(2));
  REQUIRE(plan);
  const auto &nodes = (*plan)->nodes();
  REQUIRE(nodes.size() == 3);
  CHECK(nodes[0].name == "dev-control-plane");
  CHECK(nodes[2].name == "dev-worker2");
  CHECK(nodes[0].settings["address"] == "172.28.5.2");
  CHECK(nodes[2].settings["address"] == "172.28.5.4");
  CHECK(file_of(nodes[0], "/etc/cni/net.d/10-kindnet.conflist")->content.find("10.244.0.0/24") != std::string::npos);
  CHECK(file_of(nodes[2], "/etc/cni/net.d/10-kindnet.conflist")->content.find("10.244.2.0/24") != std::string::npos);
  CHECK((*plan)->kubernetes_version() == "v1.34.2");
}

TEST_CASE("the control plane's keys stay on the control plane, and keys are for root only") {
  auto plan = find_distribution("Vanilla")->plan(input_of(1));
  REQUIRE(plan);
  const auto &nodes = (*plan)->nodes();
  for (const char *path : {"/etc/kubernetes/pki/ca.key", "/etc/kubernetes/pki/sa.key",
                           "/etc/kubernetes/pki/etcd/ca.key", "/etc/kubernetes/admin.conf"}) {
    REQUIRE(file_of(nodes[0], path));
    CHECK(file_of(nodes[0], path)->mode == 0600);
    CHECK_FALSE(file_of(nodes[1], path));
  }
  CHECK(file_of(nodes[1], "/etc/kubernetes/pki/ca.crt"));
  CHECK(file_of(nodes[1], "/var/lib/kubelet/pki/kubelet-client-initial.pem")->mode == 0600);
}

TEST_CASE("nothing is placed below a tmpfs, where it would be lost") {
  auto plan = find_distribution("Vanilla")->plan(input_of(1));
  REQUIRE(plan);
  for (const auto &node : (*plan)->nodes())
    for (const auto &file : node.files) {
      CHECK_FALSE(file.path.starts_with("/run/"));
      CHECK_FALSE(file.path.starts_with("/tmp/"));
    }
}

TEST_CASE("steps name only steps and milestones that exist") {
  auto plan = find_distribution("Vanilla")->plan(input_of(1));
  REQUIRE(plan);
  std::set<std::string> known;
  for (const auto &node : (*plan)->nodes()) {
    known.insert("created:" + node.name);
    known.insert("node:" + node.name);
  }
  auto steps = (*plan)->steps();
  for (const auto &step : steps)
    known.insert(step.name);
  for (const auto &step : steps)
    for (const auto &name : step.after)
      CHECK(known.contains(name));
}

TEST_CASE("cgroup v1 is allowed explicitly from Kubernetes 1.35 on") {
  auto input = input_of(0);
  input.host.cgroup_version = 1;
  input.spec.kubernetes_version = "v1.35.0";
  auto plan = find_distribution("Vanilla")->plan(input);
  REQUIRE(plan);
  CHECK(file_of((*plan)->nodes()[0], "/var/lib/kubelet/config.yaml")->content.find("failCgroupV1: false") !=
        std::string::npos);
  auto older = find_distribution("Vanilla")->plan(input_of(0));
  CHECK(file_of((*older)->nodes()[0], "/var/lib/kubelet/config.yaml")->content.find("failCgroupV1") ==
        std::string::npos);
}

TEST_CASE("bad input is refused by name") {
  ClusterSpec spec = spec_of(0);
  CHECK(checked(spec).empty());
  spec.control_planes = 0;
  CHECK(checked(spec).find("--control-planes") != std::string::npos);
  spec = spec_of(0);
  spec.node_image = "docker.io/kindest/node:latest";
  CHECK(checked(spec).find("not pinned") != std::string::npos);
  spec = spec_of(0);
  spec.kubernetes_version = "v1.20.0";
  CHECK(checked(spec).find("too old") != std::string::npos);
  spec = spec_of(0);
  spec.pod_subnet = "10.244.0.1/16";
  CHECK(checked(spec).find("10.244.0.1/16") != std::string::npos);
}

TEST_CASE("the version comes from the flag, then the label, then the tag") {
  using namespace vanilla;
  CHECK(node_version("v1.33.1", "x:v1.34.0", {})->text() == "v1.33.1");
  CHECK(node_version("", "x:v1.34.0", {{"ksail.kubernetes-version", "v1.35.2"}})->text() == "v1.35.2");
  CHECK(node_version("", "host:5000/kindest/node:v1.34.0@sha256:00", {})->text() == "v1.34.0");
  CHECK(node_version("", "x:mine", {}).error().message.find("cannot be told") != std::string::npos);
  CHECK_FALSE(parse_version("1.34"));
  CHECK_FALSE(pinned_image("").empty());
  CHECK(pinned_image("v1.99.0").empty());
}

TEST_CASE("addresses and ranges stay inside their subnet") {
  using namespace vanilla;
  const auto subnet = *parse_subnet("172.28.5.0/24");
  CHECK(*address_in(subnet, 254) == "172.28.5.254");
  CHECK_FALSE(address_in(subnet, 255));
  CHECK(part_of(*parse_subnet("10.244.0.0/16"), 24, 255)->text() == "10.244.255.0/24");
  CHECK_FALSE(part_of(*parse_subnet("10.244.0.0/16"), 24, 256));
  CHECK_FALSE(parse_subnet("10.244.0.0/33"));
  CHECK_FALSE(parse_subnet("10.244.0.0"));
}

TEST_CASE("nodes, pods and Services have ranges of their own") {
  const auto subnet = [](const char *text) { return *parse_subnet(text); };
  CHECK(check_apart(subnet("172.28.5.0/24"), subnet("10.244.0.0/16"), subnet("10.96.0.0/16")));
  const auto nodes_and_pods = check_apart(subnet("10.244.7.0/24"), subnet("10.244.0.0/16"), subnet("10.96.0.0/16"));
  REQUIRE_FALSE(nodes_and_pods);
  CHECK(nodes_and_pods.error().message ==
        "the provider's network 10.244.7.0/24 and the pods' range 10.244.0.0/16 have addresses in common");
  CHECK_FALSE(check_apart(subnet("10.0.0.0/8"), subnet("192.168.0.0/16"), subnet("10.96.0.0/16")));
  CHECK_FALSE(check_apart(subnet("172.28.5.0/24"), subnet("10.0.0.0/8"), subnet("10.96.0.0/16")));
  CHECK_FALSE(check_apart(subnet("172.28.5.0/24"), subnet("0.0.0.0/0"), subnet("10.96.0.0/16")));
}

TEST_CASE("a file is found in an archive, and a damaged archive ends the search") {
  std::string header(512, '\0');
  header.replace(0, 6, "a/file");
  header.replace(124, 11, "00000000005");
  header[156] = '0';
  std::string archive = header + std::string("hello") + std::string(507, '\0') + std::string(1024, '\0');
  CHECK(tar_entry(archive, "a/file") == "hello");
  CHECK_FALSE(tar_entry(archive, "b"));
  archive.resize(514);
  CHECK_FALSE(tar_entry(archive, "a/file"));
}

TEST_CASE("the network manifest gets the pod subnet and the endpoint it asks for") {
  const std::string text =
      "# would you kindly template this file\n# would you kindly patch this file\n"
      "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: kindnet, namespace: kube-system}\n"
      "spec: {template: {spec: {containers: [{name: a, env: [{name: POD_SUBNET, value: \"{{ .PodSubnet }}\"}]}]}}}\n";
  auto objects = vanilla::network_objects(text, "10.1.0.0/16", "dev-control-plane:6443");
  REQUIRE(objects);
  REQUIRE(objects->size() == 1);
  CHECK((*objects)[0].json.find("10.1.0.0/16") != std::string::npos);
  CHECK((*objects)[0].json.find("CONTROL_PLANE_ENDPOINT") != std::string::npos);
}

TEST_CASE("what containerd and the kubelet write is on volumes, and nothing of the image is copied there") {
  auto plan = find_distribution("Vanilla")->plan(input_of(1));
  REQUIRE(plan);
  for (const auto &node : (*plan)->nodes()) {
    const std::vector<std::string> volumes = node.settings.at("volumes");
    const auto has = [&](const std::string &volume) {
      return std::find(volumes.begin(), volumes.end(), volume) != volumes.end();
    };
    CHECK(has(std::string(vanilla::snapshotter_folder) + ":empty"));
    CHECK(has("/var/lib/kubelet"));
    CHECK(has("/var/lib/etcd") == (node.role == "control-plane"));
    CHECK_FALSE(has("/var"));
  }
}

TEST_CASE("scripts have no placeholder left and their units do not run twice") {
  const std::string script = vanilla::bootstrap_script("10.96.0.1", "172.28.5.2");
  CHECK(script.find("10.96.0.1/32") != std::string::npos);
  CHECK(script.find("172.28.5.2:6443") != std::string::npos);
  CHECK(script.find("SERVICE") == std::string::npos);
  CHECK(vanilla::image_layers_script().find("SNAPSHOTTER") == std::string::npos);
  CHECK(vanilla::unit_text("x", "/x", false, "").find("ConditionPathExists=!/kind/ksail/done") != std::string::npos);
}

TEST_CASE("distributions know no provider") {
  for (const auto &entry :
       std::filesystem::recursive_directory_iterator(std::string(KSAIL_SOURCE_DIR) + "/core/distributions")) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      // Image references and the default of a field that names a provider are data.
      if (line.find("docker.io/") != std::string::npos || line.find("std::string provider =") != std::string::npos)
        continue;
      std::transform(line.begin(), line.end(), line.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      INFO(entry.path().string() + ": " + line);
      CHECK(line.find("docker") == std::string::npos);
      CHECK(line.find("hetzner") == std::string::npos);
    }
  }
}
