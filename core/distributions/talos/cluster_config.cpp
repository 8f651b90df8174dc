// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/cluster_config.hpp"

#include "distributions/registries.hpp"
#include "distributions/talos/talos_plan.hpp"
#include "kubernetes/base64.hpp"

namespace ksail::talos {

namespace {

/// A node image may bring the pod network's manifest in a label: then nothing has to be fetched for it.
Result<std::string> network_manifest(const ImageFacts &image, const std::string &pod_subnet) {
  const auto label = image.labels.find("ksail.talos-cni");
  if (label == image.labels.end()) return std::string();
  auto manifest = kubernetes::decode_base64(label->second);
  if (!manifest) return Error(Code::failed_precondition, "the label ksail.talos-cni of the node image is not base64");
  static constexpr std::string_view marker = "{{ .PodSubnet }}";
  if (const auto at = manifest->find(marker); at != std::string::npos) manifest->replace(at, marker.size(), pod_subnet);
  return std::move(*manifest);
}

} // namespace

std::string endpoint_url(const std::string &address) {
  return "https://" + address + ":" + std::to_string(kubernetes_api_port);
}

ClusterConfig of_control_planes(ClusterConfig config, const ClusterLayout &layout) {
  if (!layout.balancer) return config;
  config.cert_sans.push_back(layout.balancer->address);
  config.endpoint = endpoint_url(layout.control_planes.front().address);
  return config;
}

Result<SecretsBundle> cluster_secrets(const ClusterSpec &spec) {
  return spec.secrets.file.empty() ? SecretsBundle::create()
                                   : SecretsBundle::parse(spec.secrets.text, spec.secrets.file);
}

Result<ClusterConfig> cluster_config(const ClusterSpec &spec, const Release &release, const ImageFacts &image,
                                     std::string endpoint) {
  ClusterConfig config;
  config.contract = release.contract;
  config.cluster_name = spec.name;
  config.endpoint = std::move(endpoint);
  config.kubernetes_version = release.kubernetes;
  config.pod_subnets = {spec.pod_subnet};
  config.service_subnets = {spec.service_subnet};
  config.cert_sans = {"127.0.0.1", "localhost"};
  if (spec.api_host_address != "127.0.0.1" && spec.api_host_address != "0.0.0.0")
    config.cert_sans.push_back(spec.api_host_address);
  config.allow_scheduling_on_control_planes = spec.workers == 0;
  // One control plane needs no balancing. Of several, each is reached by what runs on it and on the other nodes.
  config.kube_prism = spec.control_planes > 1;
  config.quick_control_plane = true;
  for (const auto &mirror : effective_mirrors(spec))
    config.mirrors.push_back({mirror.host, mirror.endpoints});
  if (spec.cni == Cni::none) {
    config.cni = "none";
    return config;
  }
  auto manifest = network_manifest(image, spec.pod_subnet);
  if (!manifest) return manifest.error();
  if (!manifest->empty()) {
    config.cni = "none";
    config.inline_manifests.emplace_back("cni", std::move(*manifest));
  }
  return config;
}

} // namespace ksail::talos
