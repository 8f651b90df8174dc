// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/talos_plan.hpp"

#include "distributions/addresses.hpp"
#include "distributions/k3s/credentials.hpp"
#include "distributions/load_balancer.hpp"
#include "distributions/registries.hpp"
#include "distributions/talos/bootstrap_steps.hpp"
#include "distributions/talos/config_check.hpp"
#include "distributions/talos/machine_config.hpp"
#include "distributions/talos/node_files.hpp"
#include "distributions/talos/release.hpp"
#include "distributions/talos/user_patches.hpp"
#include "kubernetes/base64.hpp"

namespace ksail::talos {

namespace {

using nlohmann::json;

class TalosPlan final : public ClusterPlan {
public:
  TalosPlan(std::shared_ptr<Cluster> cluster, std::vector<NodeTemplate> nodes)
      : cluster_(std::move(cluster)), nodes_(std::move(nodes)) {}
  const std::vector<NodeTemplate> &nodes() const override { return nodes_; }
  std::vector<BootstrapStep> steps() override { return bootstrap_steps(cluster_); }
  std::string kubernetes_version() const override { return cluster_->kubernetes_version; }
  std::string kubeconfig(const std::string &context_name, const std::string &server) const override {
    return k3s::kubeconfig_text(context_name, server, cluster_->secrets.k8s.certificate_pem, cluster_->admin);
  }
  std::pair<std::string, int> api_endpoint() const override { return {cluster_->api_node, kubernetes_api_port}; }

private:
  std::shared_ptr<Cluster> cluster_;
  std::vector<NodeTemplate> nodes_;
};

/// As talosctl makes its containers, but for the configuration.
json node_settings(const std::string &name, const std::string &address) {
  return {{"hostname", name},
          {"env", {{"PLATFORM", "container"}}},
          {"privileged", true},
          {"read_only_root", true},
          {"init", false},
          {"cgroup_namespace", "private"},
          {"security_options", {"seccomp=unconfined"}},
          {"tmpfs", {"/run", "/system", "/tmp"}},
          {"volumes", {"/var", "/system/state", "/etc/cni", "/etc/kubernetes", "/usr/libexec/kubernetes", "/opt"}},
          {"address", address}};
}

json published(int port, const std::string &host_address, int host_port) {
  return {{"container", port}, {"host", host_port}, {"host_address", host_address}, {"protocol", "tcp"}};
}

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

Result<ClusterConfig> cluster_config(const ClusterSpec &spec, const Release &release, const ImageFacts &image,
                                     const std::string &endpoint_host) {
  ClusterConfig config;
  config.contract = release.contract;
  config.cluster_name = spec.name;
  config.endpoint = "https://" + endpoint_host + ":" + std::to_string(kubernetes_api_port);
  config.kubernetes_version = release.kubernetes;
  config.pod_subnets = {spec.pod_subnet};
  config.service_subnets = {spec.service_subnet};
  config.cert_sans = {"127.0.0.1", "localhost"};
  if (spec.api_host_address != "127.0.0.1" && spec.api_host_address != "0.0.0.0")
    config.cert_sans.push_back(spec.api_host_address);
  config.allow_scheduling_on_control_planes = spec.workers == 0;
  // One control plane needs no balancing, and several have the cluster's own load balancer in front of them.
  config.kube_prism = false;
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

} // namespace

Result<std::unique_ptr<ClusterPlan>> make_plan(const PlanInput &input) {
  const ClusterSpec &spec = input.spec;
  const auto image = input.images.find(spec.node_image);
  if (image == input.images.end())
    return Error(Code::internal, "nothing is known of the node image " + spec.node_image);
  auto release = release_of(spec.kubernetes_version, image->second.use, image->second.labels);
  if (!release) return release.error();
  auto network = parse_subnet(input.network.subnet);
  if (!network) return Error(network.error()).in("the provider's network");

  std::uint32_t next = 2; // the first address of the network is its gateway's
  const auto addresses = [&](const std::vector<std::string> &names) -> Result<std::vector<Machine>> {
    std::vector<Machine> machines;
    for (const auto &name : names) {
      auto address = address_in(*network, next++);
      if (!address) return address.error();
      machines.push_back({name, *address, {}});
    }
    return machines;
  };
  auto control_planes = addresses(spec.control_plane_names());
  if (!control_planes) return control_planes.error();
  auto workers = addresses(spec.worker_names());
  if (!workers) return workers.error();

  auto cluster = std::make_shared<Cluster>();
  cluster->spec = spec;
  cluster->kubernetes_version = release->kubernetes;
  cluster->control_planes = *control_planes;
  cluster->workers = *workers;
  cluster->api_node = control_planes->front().name;
  LoadBalancer balancer;
  std::string endpoint_host = control_planes->front().address;
  if (spec.control_planes > 1) {
    const auto found = input.images.find(load_balancer_image(spec).ref);
    if (found == input.images.end()) return Error(Code::internal, "nothing is known of the load balancer's image");
    auto address = address_in(*network, next++);
    if (!address) return address.error();
    balancer.name = cluster->api_node = load_balancer_name(spec);
    balancer.address = endpoint_host = *address;
    balancer.image = found->second.use;
    balancer.api_host_address = spec.api_host_address;
    balancer.api_host_port = spec.api_host_port;
    for (const auto &machine : cluster->control_planes)
      balancer.members.push_back({machine.name, machine.address});
  }

  auto secrets = SecretsBundle::create();
  if (!secrets) return secrets.error();
  cluster->secrets = std::move(*secrets);
  auto client = issue_api_client(cluster->secrets, {role_admin});
  if (!client) return client.error();
  cluster->api_client = std::move(*client);
  auto admin = issue_kubernetes_admin(cluster->secrets);
  if (!admin) return admin.error();
  cluster->admin = std::move(*admin);

  auto config = cluster_config(spec, *release, image->second, endpoint_host);
  if (!config) return config.error();
  auto patches = parse_user_patches(spec);
  if (!patches) return patches.error();
  const bool own_network = !config->inline_manifests.empty();
  auto pods = parse_subnet(spec.pod_subnet);
  if (!pods) return pods.error();
  const auto first_range = part_of(*pods, 24, 0);
  std::vector<NodeTemplate> nodes;
  // An image that says which Kubernetes it holds has that one's images in it.
  const auto held = image->second.labels.find("ksail.kubernetes-version");
  const bool images_inside = held != image->second.labels.end() && held->second == release->kubernetes;
  Documents control_plane_config;
  const auto add = [&](Machine &machine, MachineType type) -> Result<void> {
    Documents documents = machine_config(*config, cluster->secrets, type);
    if (auto patched = apply_user_patches(documents, *patches, type); !patched) return patched.error();
    if (auto checked =
            check_config(documents, release->contract, MachineMode::container, "configuration of " + machine.name);
        !checked)
      return checked.error();
    if (type == MachineType::controlplane) control_plane_config = documents;
    if (!images_inside) machine.pulls = image_pulls(control_plane_config, type == MachineType::controlplane);
    NodeTemplate node;
    node.name = machine.name;
    node.role = type == MachineType::controlplane ? "control-plane" : "worker";
    node.image = image->second.use;
    node.settings = node_settings(machine.name, machine.address);
    NodeFile file;
    file.path = config_file;
    file.mode = 0600;
    file.content = to_yaml(documents);
    node.files.push_back(std::move(file));
    auto kubelet = kubelet_files(cluster->secrets, machine.name);
    if (!kubelet) return kubelet.error();
    node.files.insert(node.files.end(), kubelet->begin(), kubelet->end());
    // Which range a node gets is only certain for the first; the others are told by the agent.
    if (own_network && first_range && spec.control_planes + spec.workers == 1)
      node.files.push_back(network_file(first_range->text()));
    json ports = json::array();
    // The API server's port is the load balancer's where there is one.
    if (machine.name == cluster->api_node)
      ports.push_back(published(kubernetes_api_port, spec.api_host_address, spec.api_host_port));
    if (machine.name == cluster->control_planes.front().name)
      ports.push_back(published(talos_api_port, spec.api_host_address, 0));
    if (!ports.empty()) node.settings["ports"] = std::move(ports);
    nodes.push_back(std::move(node));
    return {};
  };
  for (auto &machine : cluster->control_planes)
    if (auto added = add(machine, MachineType::controlplane); !added) return added.error();
  for (auto &machine : cluster->workers)
    if (auto added = add(machine, MachineType::worker); !added) return added.error();
  if (!balancer.name.empty()) nodes.push_back(load_balancer_node(balancer));
  return std::unique_ptr<ClusterPlan>(std::make_unique<TalosPlan>(cluster, std::move(nodes)));
}

} // namespace ksail::talos
