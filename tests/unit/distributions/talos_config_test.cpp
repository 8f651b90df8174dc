// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/config_check.hpp"
#include "distributions/talos/config_patch.hpp"
#include "distributions/talos/machine_config.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace ksail;
using namespace ksail::talos;

namespace {

const SecretsBundle &secrets() {
  static const SecretsBundle made = SecretsBundle::create().value();
  return made;
}

ClusterConfig cluster(unsigned minor) {
  ClusterConfig config;
  config.contract = Contract{minor};
  config.cluster_name = "dev";
  config.endpoint = "https://10.5.0.2:6443";
  config.kubernetes_version = "v1.31.4";
  config.cert_sans = {"127.0.0.1"};
  return config;
}

std::string text_at(const Documents &config, std::string_view path) {
  const YamlNode *node = find(config.front(), path);
  return node ? node->is_scalar() ? node->value : "(" + kubernetes::emit_yaml(*node, 0) + ")" : "(nothing)";
}

/// The configuration read again, as a node does.
Documents reread(const Documents &config) {
  auto read = kubernetes::parse_yaml_documents(to_yaml(config), "config");
  REQUIRE(read);
  return *read;
}

Documents patched(Documents config, const std::string &patch) {
  auto parsed = parse_config_patch(patch, "patch.yaml");
  REQUIRE(parsed);
  REQUIRE(apply_config_patch(config, *parsed));
  return config;
}

std::string refusal(Documents config, const std::string &patch) {
  auto parsed = parse_config_patch(patch, "patch.yaml");
  if (!parsed) return parsed.error().message;
  const std::string before = to_yaml(config);
  auto done = apply_config_patch(config, *parsed);
  REQUIRE_FALSE(done);
  CHECK(to_yaml(config) == before);
  return done.error().message;
}

Documents from(const std::string &yaml) { return kubernetes::parse_yaml_documents(yaml, "config").value(); }

bool complains(const Documents &config, unsigned minor, MachineMode mode, const std::string &field) {
  const auto problems = config_problems(config, Contract{minor}, mode);
  return std::any_of(problems.begin(), problems.end(), [&](const ConfigProblem &p) { return p.field == field; });
}

} // namespace

TEST_CASE("a Talos version has a contract, Kubernetes versions and documents") {
  CHECK(contract_of("v1.13.0").value().minor == 13);
  CHECK(contract_of("1.9").value().minor == 9);
  CHECK(contract_of("v1.14.0-rc.1").value().minor == 13);
  CHECK(contract_of("v1.8.4").error().message == "Talos v1.8.4 is not supported");
  CHECK_FALSE(contract_of("latest"));
  CHECK_FALSE(contract_of("v2.1.0"));
  CHECK(check_kubernetes(Contract{13}, "v1.36.0"));
  CHECK(check_kubernetes(Contract{9}, "1.27.1"));
  const auto refused = check_kubernetes(Contract{9}, "v1.33.0");
  CHECK(refused.error().message == "Talos 1.9 does not run Kubernetes v1.33.0");
  CHECK(refused.error().hint.find("1.27 to 1.32") != std::string::npos);
  CHECK_FALSE(check_kubernetes(Contract{13}, "v1.30.9"));
  for (unsigned minor = oldest_minor; minor <= newest_minor; ++minor)
    CHECK(check_kubernetes(Contract{minor}, default_kubernetes(Contract{minor})));
  CHECK(knows_document(Contract{12}, "HostnameConfig"));
  CHECK_FALSE(knows_document(Contract{11}, "HostnameConfig"));
  CHECK(first_minor_with("Nonsense") == 0);
  CHECK(node_images(Contract{13}, "1.34.2").kubelet == "ghcr.io/siderolabs/kubelet:v1.34.2");
  CHECK(node_images(Contract{11}, "v1.34.2").etcd == "gcr.io/etcd-development/etcd:v3.6.5");
}

TEST_CASE("what a contract adds or takes away stands in the configuration") {
  for (unsigned minor = oldest_minor; minor <= newest_minor; ++minor) {
    CAPTURE(minor);
    ClusterConfig config = cluster(minor);
    config.mirrors = {{"registry.k8s.io", {"http://10.5.0.1:5000"}}};
    const Documents documents = reread(machine_config(config, secrets(), MachineType::controlplane));
    CHECK(text_at(documents, "machine.features.rbac") == (minor <= 11 ? "true" : "(nothing)"));
    CHECK(text_at(documents, "machine.install.grubUseUKICmdline") == (minor >= 12 ? "true" : "(nothing)"));
    CHECK(text_at(documents, "machine.network") == (minor <= 12 ? "({}\n)" : "(nothing)"));
    CHECK(text_at(documents, "cluster.apiServer.disablePodSecurityPolicy") == (minor <= 11 ? "true" : "(nothing)"));
    CHECK(text_at(documents, "cluster.apiServer.certSANs") ==
          (minor <= 11 ? "(- \"10.5.0.2\"\n- \"127.0.0.1\"\n)" : "(- \"127.0.0.1\"\n)"));
    CHECK((find(documents.front(), "machine.registries") != nullptr) == (minor <= 11));
    CHECK(documents.size() == (minor <= 11 ? 1 : 3));
    if (minor >= 12) {
      CHECK(documents[1].text("kind") == "HostnameConfig");
      CHECK(documents[2].text("name") == "registry.k8s.io");
    }
  }
}

TEST_CASE("a worker gets no key of the cluster") {
  const Documents worker = reread(machine_config(cluster(13), secrets(), MachineType::worker));
  CHECK(text_at(worker, "machine.type") == "worker");
  CHECK(text_at(worker, "machine.ca.key").empty());
  CHECK(text_at(worker, "cluster.ca.key").empty());
  CHECK_FALSE(text_at(worker, "cluster.ca.crt").empty());
  for (const char *path : {"cluster.etcd", "cluster.aggregatorCA", "cluster.serviceAccount", "cluster.apiServer",
                           "cluster.secretboxEncryptionSecret", "machine.nodeLabels"})
    CHECK(find(worker.front(), path) == nullptr);
  const std::string all = to_yaml(worker);
  for (const auto *key : {&secrets().os.key_pem, &secrets().k8s.key_pem, &secrets().etcd.key_pem})
    CHECK(all.find(*key) == std::string::npos);
}

TEST_CASE("secrets come back from a control plane's configuration, and from no worker's") {
  const std::string yaml = to_yaml(machine_config(cluster(13), secrets(), MachineType::controlplane));
  auto read = SecretsBundle::from_machine_config(yaml, "controlplane.yaml");
  REQUIRE(read);
  CHECK(read->to_yaml() == secrets().to_yaml());
  const std::string worker = to_yaml(machine_config(cluster(13), secrets(), MachineType::worker));
  CHECK(SecretsBundle::from_machine_config(worker, "worker.yaml")
            .error()
            .message.find("worker.yaml: machine.type is worker") == 0);
}

TEST_CASE("texts that look like something else are quoted") {
  const auto emitted = [](const std::string &value) { return kubernetes::emit_yaml(mapping({{"k", text(value)}}), 0); };
  CHECK(emitted("10.5.0.2") == "k: \"10.5.0.2\"\n");
  CHECK(emitted("yes") == "k: \"yes\"\n");
  CHECK(emitted("1e3") == "k: \"1e3\"\n");
  CHECK(emitted("v1.34.2") == "k: v1.34.2\n");
  CHECK(emitted("https://10.5.0.2:6443") == "k: https://10.5.0.2:6443\n");
  CHECK(emitted("a: b") == "k: \"a: b\"\n");
  CHECK(emitted("") == "k: \"\"\n");
}

TEST_CASE("a strategic merge patch replaces scalars, merges mappings and appends to lists") {
  const Documents config = machine_config(cluster(11), secrets(), MachineType::controlplane);
  Documents changed = patched(config, "machine:\n"
                                      "  kubelet:\n"
                                      "    image: example.com/kubelet:v1\n"
                                      "    extraArgs: {v: \"2\"}\n"
                                      "  certSANs: [talos.example.com]\n"
                                      "cluster:\n"
                                      "  network:\n"
                                      "    podSubnets: [10.0.0.0/8]\n");
  CHECK(text_at(changed, "machine.kubelet.image") == "example.com/kubelet:v1");
  CHECK(text_at(changed, "machine.kubelet.extraArgs.v") == "2");
  CHECK(text_at(changed, "machine.kubelet.disableManifestsDirectory") == "true");
  CHECK(find(changed.front(), "machine.certSANs")->items.size() == 2);
  CHECK(find(changed.front(), "cluster.network.podSubnets")->items.size() == 1);
  CHECK(find(changed.front(), "cluster.network.podSubnets")->items.front().value == "10.0.0.0/8");

  changed =
      patched(changed, "cluster:\n  apiServer:\n    admissionControl:\n    - name: PodSecurity\n      configuration:\n"
                       "        defaults: {enforce: privileged}\n    auditPolicy: {kind: Other}\n");
  CHECK(find(changed.front(), "cluster.apiServer.admissionControl")->items.size() == 1);
  CHECK(find(find(changed.front(), "cluster.apiServer.admissionControl")->items.front(), "configuration.defaults")
            ->text("enforce") == "privileged");
  CHECK(find(find(changed.front(), "cluster.apiServer.admissionControl")->items.front(), "configuration.defaults")
            ->text("audit") == "restricted");
  CHECK(find(changed.front(), "cluster.apiServer.auditPolicy")->items.size() == 2);
}

TEST_CASE("interfaces and VLANs of a patch meet those of the same name") {
  const Documents config =
      from("version: v1alpha1\nmachine:\n  network:\n    interfaces:\n"
           "    - interface: eth0\n      addresses: [10.0.0.1/24]\n      vlans: [{vlanId: 5, mtu: 1400}]\n"
           "    - deviceSelector: {driver: virtio}\n      dhcp: true\n");
  const Documents changed =
      patched(config, "machine:\n  network:\n    interfaces:\n"
                      "    - interface: eth0\n      mtu: 9000\n      vlans: [{vlanId: 5, dhcp: true}, {vlanId: 6}]\n"
                      "    - deviceSelector: {driver: virtio}\n      dhcp: false\n"
                      "    - interface: eth1\n");
  const YamlNode &list = *find(changed.front(), "machine.network.interfaces");
  REQUIRE(list.items.size() == 3);
  CHECK(list.items[0].text("mtu") == "9000");
  CHECK(list.items[0].field("addresses")->items.size() == 1);
  REQUIRE(list.items[0].field("vlans")->items.size() == 2);
  CHECK(list.items[0].field("vlans")->items[0].text("mtu") == "1400");
  CHECK(list.items[0].field("vlans")->items[0].text("dhcp") == "true");
  CHECK(list.items[1].text("dhcp") == "false");
}

TEST_CASE("$patch: delete takes away keys, elements and documents") {
  Documents config = machine_config(cluster(13), secrets(), MachineType::controlplane);
  config =
      patched(config, "cluster:\n  discovery:\n    $patch: delete\n  apiServer:\n    admissionControl:\n"
                      "    - name: PodSecurity\n      $patch: delete\n"
                      "---\napiVersion: v1alpha1\nkind: HostnameConfig\n$patch: delete\n"
                      "---\napiVersion: v1alpha1\nkind: VolumeConfig\nname: EPHEMERAL\nprovisioning: {maxSize: 5GB}\n");
  CHECK(find(config.front(), "cluster.discovery") == nullptr);
  CHECK(find(config.front(), "cluster.apiServer.admissionControl")->items.empty());
  REQUIRE(config.size() == 2);
  CHECK(config[1].text("kind") == "VolumeConfig");
  CHECK(to_yaml(config).find("$patch") == std::string::npos);
  config = patched(config, "apiVersion: v1alpha1\nkind: VolumeConfig\nname: EPHEMERAL\nprovisioning: {maxSize: 6GB}\n"
                           "---\napiVersion: v1alpha1\nkind: VolumeConfig\nname: STATE\n");
  REQUIRE(config.size() == 3);
  CHECK(find(config[1], "provisioning.maxSize")->value == "6GB");
}

TEST_CASE("a patch that does not apply is refused with its line and changes nothing") {
  const Documents config = machine_config(cluster(13), secrets(), MachineType::controlplane);
  CHECK(refusal(config, "machine:\n  kubelet:\n    - a\n") ==
        "patch.yaml:3: machine.kubelet is a mapping, and the patch has a list");
  CHECK(refusal(config, "machine:\n  nothing:\n    $patch: delete\n") ==
        "patch.yaml:3: there is no machine.nothing to delete");
  CHECK(refusal(config, "apiVersion: v1alpha1\nkind: LinkConfig\nname: eth0\n$patch: delete\n") ==
        "patch.yaml:1: there is no document LinkConfig eth0 to delete");
  CHECK(refusal(config, "kind: LinkConfig\n") ==
        "patch.yaml:1: a document has both of apiVersion and kind, or neither");
  CHECK(refusal(config, "") == "patch.yaml: the patch is empty");
  CHECK(refusal(config, "machine: [\n").find("patch.yaml:2:") == 0);
}

TEST_CASE("JSON patches change the document without a kind") {
  Documents config = machine_config(cluster(13), secrets(), MachineType::controlplane);
  config = patched(config, R"([
    {"op": "replace", "path": "/machine/kubelet/image", "value": "example.com/kubelet:v2"},
    {"op": "add", "path": "/machine/certSANs/0", "value": "first.example.com"},
    {"op": "add", "path": "/machine/certSANs/-", "value": "last.example.com"},
    {"op": "add", "path": "/machine/nodeLabels/example.com~1zone", "value": "a"},
    {"op": "test", "path": "/machine/features/kubePrism", "value": {"port": 7445, "enabled": true}},
    {"op": "copy", "from": "/cluster/clusterName", "path": "/machine/nodeLabels/cluster"},
    {"op": "move", "from": "/cluster/discovery", "path": "/cluster/proxy"},
    {"op": "remove", "path": "/cluster/scheduler"}
  ])");
  CHECK(text_at(config, "machine.kubelet.image") == "example.com/kubelet:v2");
  const YamlNode &names = *find(config.front(), "machine.certSANs");
  REQUIRE(names.items.size() == 3);
  CHECK(names.items[0].value == "first.example.com");
  CHECK(names.items[2].value == "last.example.com");
  CHECK(find(config.front(), "machine.nodeLabels")->text("example.com/zone") == "a");
  CHECK(find(config.front(), "machine.nodeLabels")->text("cluster") == "dev");
  CHECK(find(config.front(), "cluster.discovery") == nullptr);
  CHECK(text_at(config, "cluster.proxy.enabled") == "true");
  CHECK(find(config.front(), "cluster.scheduler") == nullptr);
  CHECK(config.size() == 2);
  REQUIRE(reread(config).size() == 2);

  CHECK(refusal(config, "- op: remove\n  path: /machine/nothing\n") ==
        "patch.yaml:1: /machine/nothing: there is nothing there");
  CHECK(refusal(config, "- {op: test, path: /machine/type, value: worker}\n").find("the test failed") !=
        std::string::npos);
  CHECK(refusal(config, "- {op: test, path: /machine/features/kubePrism/port, value: \"7445\"}\n")
            .find("the test failed") != std::string::npos);
  CHECK(refusal(config, "- {op: add, path: /machine/certSANs/9, value: x}\n").find("no index of a list of 3") !=
        std::string::npos);
  CHECK(refusal(config, "- {op: jump, path: /machine}\n").find("'jump' is none of") != std::string::npos);
  CHECK(refusal(config, "- {op: move, from: /machine, path: /machine/kubelet}\n").find("into itself") !=
        std::string::npos);
  CHECK(refusal(config, "- {op: add, path: machine, value: 1}\n").find("not a JSON pointer") != std::string::npos);
}

TEST_CASE("every configuration made passes its own check in every mode") {
  for (unsigned minor = oldest_minor; minor <= newest_minor; ++minor)
    for (const auto type : {MachineType::controlplane, MachineType::worker})
      for (const auto mode : {MachineMode::container, MachineMode::cloud, MachineMode::metal}) {
        ClusterConfig config = cluster(minor);
        if (mode == MachineMode::metal) config.install_disk = "/dev/sda";
        const auto checked =
            check_config(reread(machine_config(config, secrets(), type)), config.contract, mode, "controlplane.yaml");
        CHECK(checked);
      }
}

TEST_CASE("what Talos would refuse is refused with the name of the field") {
  const Documents good = machine_config(cluster(13), secrets(), MachineType::controlplane);
  const auto container = MachineMode::container;
  CHECK(complains(patched(good, "machine: {type: master}"), 13, container, "machine.type"));
  CHECK(complains(patched(good, "machine: {kublet: {}}"), 13, container, "machine.kublet"));
  CHECK(complains(patched(good, "persist: false"), 13, container, "persist"));
  CHECK(complains(patched(good, "cluster: {controlPlane: {endpoint: 10.5.0.2}}"), 13, container,
                  "cluster.controlPlane.endpoint"));
  CHECK(
      complains(patched(good, "cluster: {network: {cni: {name: calico}}}"), 13, container, "cluster.network.cni.name"));
  CHECK(
      complains(patched(good, "cluster: {network: {cni: {name: custom}}}"), 13, container, "cluster.network.cni.urls"));
  CHECK(complains(patched(good, "machine: {features: {hostDNS: {enabled: false}}}"), 13, container,
                  "machine.features.hostDNS.enabled"));
  CHECK(complains(patched(good, "machine: {network: {hostname: a}}"), 13, container, "machine.network.hostname"));
  CHECK(complains(patched(good, "apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a\n"), 13, container,
                  "HostnameConfig.hostname"));
  CHECK(complains(patched(good, "machine: {install: {extraKernelArgs: [a=b]}}"), 13, container,
                  "machine.install.extraKernelArgs"));
  CHECK(complains(patched(good, "cluster: {inlineManifests: [{name: a}, {name: a}]}"), 13, container,
                  "cluster.inlineManifests"));
  CHECK(complains(good, 13, MachineMode::metal, "machine.install.disk"));
  CHECK(complains(good, 11, container, "kind")); // HostnameConfig is younger
  CHECK(complains(patched(good, "apiVersion: v1alpha1\nkind: Wonder\n"), 13, container, "kind"));

  Documents worker = machine_config(cluster(13), secrets(), MachineType::worker);
  set(worker.front(), "cluster.ca.key", text("x"));
  set(worker.front(), "cluster.etcd", YamlNode::mapping());
  CHECK(complains(worker, 13, container, "cluster.ca.key"));
  CHECK(complains(worker, 13, container, "cluster.etcd"));
  const auto refused = check_config(worker, Contract{13}, container, "worker.yaml");
  CHECK(refused.error().message.find("worker.yaml: cluster.") == 0);
  CHECK(refused.error().causes.size() == 2);
  CHECK(complains({}, 13, container, "version"));
}
