// SPDX-License-Identifier: Apache-2.0
#include "distributions/vanilla/kubeadm_config.hpp"

#include "distributions/addresses.hpp"

#include <nlohmann/json.hpp>

namespace ksail::vanilla {

namespace {

// From 1.35 on the kubelet refuses cgroup v1 unless told otherwise.
bool needs_cgroup_v1_allowed(const ConfigInput &input) {
  return input.host.cgroup_version == 1 && input.version.minor >= 35;
}

// A development cluster does not evict pods because the host's disk is nearly full, and does not collect its images.
constexpr const char *kubelet_settings = R"(cgroupDriver: systemd
cgroupRoot: /kubelet
evictionHard: {imagefs.available: "0%", nodefs.available: "0%", nodefs.inodesFree: "0%"}
failSwapOn: false
imageGCHighThresholdPercent: 100
)";

} // namespace

std::string kubelet_config(const ConfigInput &input) {
  std::string text = R"(apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}
authorization: {mode: Webhook}
clusterDNS: [)";
  auto services = parse_subnet(input.spec.service_subnet);
  auto dns = services ? address_in(*services, 10) : Result<std::string>(services.error());
  text += (dns ? *dns : std::string("10.96.0.10")) + R"(]
clusterDomain: cluster.local
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
healthzBindAddress: 127.0.0.1
healthzPort: 10248
rotateCertificates: true
staticPodPath: /etc/kubernetes/manifests
)";
  text += kubelet_settings;
  if (needs_cgroup_v1_allowed(input)) text += "failCgroupV1: false\n";
  return text;
}

std::string kubeadm_config(const ConfigInput &input, const NodeIdentity &node) {
  const ClusterSpec &spec = input.spec;
  std::string text = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n";
  text += "kubernetesVersion: " + input.version.text() + "\nclusterName: \"" + spec.name +
          "\"\ncontrolPlaneEndpoint: \"" + input.endpoint + "\"\n";
  text += "encryptionAlgorithm: ECDSA-P256\napiServer:\n  certSANs: [localhost, \"" + spec.api_host_address + "\"]\n";
  // The defaults of 20 requests a second make the controllers of a new cluster wait for themselves.
  text += "controllerManager:\n  extraArgs:\n  - {name: enable-hostpath-provisioner, value: \"true\"}\n"
          "  - {name: kube-api-qps, value: \"300\"}\n  - {name: kube-api-burst, value: \"600\"}\n";
  if (spec.control_planes == 1)
    // The only member need not wait a second for rivals before it leads. Durability is not touched.
    text +=
        "etcd:\n  local:\n    dataDir: /var/lib/etcd\n    extraArgs:\n    - {name: heartbeat-interval, value: \"20\"}\n"
        "    - {name: election-timeout, value: \"200\"}\n";
  text += "networking: {podSubnet: \"" + spec.pod_subnet + "\", serviceSubnet: \"" + spec.service_subnet + "\"}\n";
  const std::string registration = "nodeRegistration:\n  name: \"" + node.name +
                                   "\"\n  criSocket: unix:///run/containerd/containerd.sock\n"
                                   "  kubeletExtraArgs:\n  - {name: node-ip, value: \"" +
                                   node.address + "\"}\n";
  text += "---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nbootstrapTokens:\n- {token: \"" +
          input.bootstrap_token + "\"}\n";
  text += "localAPIEndpoint: {advertiseAddress: \"" + node.address + "\", bindPort: 6443}\n" + registration;
  // Where there are no workers, workloads run on the control planes.
  if (spec.workers == 0) text += "  taints: []\n";
  text += "skipPhases: [preflight]\n";
  text += "---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\n" + registration;
  text += "discovery:\n  bootstrapToken: {apiServerEndpoint: \"" + input.endpoint + "\", token: \"" +
          input.bootstrap_token + "\", unsafeSkipCAVerification: true}\nskipPhases: [preflight]\n";
  text +=
      std::string("---\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n") + kubelet_settings;
  if (needs_cgroup_v1_allowed(input)) text += "failCgroupV1: false\n";
  // Limits of connection tracking are the host's: never touched from a node.
  text += "---\napiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: iptables\n"
          "iptables: {minSyncPeriod: 100ms}\nconntrack: {maxPerCore: 0}\n";
  return text;
}

std::string kubelet_flags(const NodeIdentity &node) {
  return "KUBELET_KUBEADM_ARGS=\"--node-ip=" + node.address + "\"\n";
}

std::string cni_config(const std::string &pod_range) {
  using nlohmann::json;
  const json ipam = {{"type", "host-local"},
                     {"dataDir", "/run/cni-ipam-state"},
                     {"routes", json::array({{{"dst", "0.0.0.0/0"}}})},
                     {"ranges", json::array({json::array({{{"subnet", pod_range}}})})}};
  const json config = {{"cniVersion", "0.3.1"},
                       {"name", "kindnet"},
                       {"plugins", json::array({{{"type", "ptp"}, {"ipMasq", false}, {"ipam", ipam}, {"mtu", 1500}},
                                                {{"type", "portmap"}, {"capabilities", {{"portMappings", true}}}}})}};
  return config.dump(2) + "\n";
}

} // namespace ksail::vanilla
