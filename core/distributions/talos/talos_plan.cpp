// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/talos_plan.hpp"

#include "distributions/cluster_layout.hpp"
#include "distributions/k3s/credentials.hpp"
#include "distributions/talos/bootstrap_steps.hpp"
#include "distributions/talos/cluster_config.hpp"
#include "distributions/talos/config_check.hpp"
#include "distributions/talos/machine_node.hpp"
#include "distributions/talos/node_files.hpp"
#include "distributions/talos/user_patches.hpp"

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

json published(int port, const std::string &host_address, int host_port) {
  return {{"container", port}, {"host", host_port}, {"host_address", host_address}, {"protocol", "tcp"}};
}

} // namespace

Result<std::unique_ptr<ClusterPlan>> make_plan(const PlanInput &input) {
  const ClusterSpec &spec = input.spec;
  auto layout = lay_out(input);
  if (!layout) return layout.error();
  const ImageFacts &image = layout->image;
  if (auto starts = check_starts_machined(image.use, image.command); !starts) return starts.error();
  auto release = release_of(spec.kubernetes_version, image.use, image.labels);
  if (!release) return release.error();

  auto cluster = std::make_shared<Cluster>();
  cluster->spec = spec;
  cluster->kubernetes_version = release->kubernetes;
  cluster->api_node = layout->api_node();
  auto secrets = cluster_secrets(spec);
  if (!secrets) return secrets.error();
  cluster->secrets = std::move(*secrets);
  auto client = issue_api_client(cluster->secrets, {role_admin});
  if (!client) return client.error();
  cluster->api_client = std::move(*client);
  auto admin = issue_kubernetes_admin(cluster->secrets);
  if (!admin) return admin.error();
  cluster->admin = std::move(*admin);

  auto config = cluster_config(spec, *release, image, endpoint_url(layout->api_address()));
  if (!config) return config.error();
  const ClusterConfig control_planes = of_control_planes(*config, *layout);
  auto patches = parse_user_patches(spec);
  if (!patches) return patches.error();
  const bool own_network = !config->inline_manifests.empty();
  auto pods = parse_subnet(spec.pod_subnet);
  if (!pods) return pods.error();
  const auto first_range = part_of(*pods, 24, 0);
  std::vector<NodeTemplate> nodes;
  // An image that says which Kubernetes it holds has that one's images in it.
  const auto held = image.labels.find("ksail.kubernetes-version");
  const bool images_inside = held != image.labels.end() && held->second == release->kubernetes;
  Documents control_plane_config;
  const auto add = [&](const PlacedNode &placed, MachineType type, std::vector<Machine> &machines) -> Result<void> {
    Documents documents =
        machine_config(type == MachineType::controlplane ? control_planes : *config, cluster->secrets, type);
    if (auto patched = apply_user_patches(documents, *patches, type); !patched) return patched.error();
    if (auto checked =
            check_config(documents, release->contract, MachineMode::container, "configuration of " + placed.name);
        !checked)
      return checked.error();
    if (type == MachineType::controlplane) control_plane_config = documents;
    Machine machine{placed.name, placed.address, {}};
    if (!images_inside) machine.pulls = image_pulls(control_plane_config, type == MachineType::controlplane);
    machines.push_back(std::move(machine));
    auto node = machine_node({placed.name, placed.address, image.use, type, to_yaml(documents)}, cluster->secrets);
    if (!node) return node.error();
    // Which range a node gets is only certain for the first; the others are told by the agent.
    if (own_network && first_range && spec.control_planes + spec.workers == 1)
      node->files.push_back(network_file(first_range->text()));
    json ports = json::array();
    // The API server's port is the load balancer's where there is one.
    if (placed.name == cluster->api_node)
      ports.push_back(published(kubernetes_api_port, spec.api_host_address, spec.api_host_port));
    if (placed.name == layout->control_planes.front().name)
      ports.push_back(published(talos_api_port, spec.api_host_address, 0));
    if (!ports.empty()) node->settings["ports"] = std::move(ports);
    nodes.push_back(std::move(*node));
    return {};
  };
  for (const auto &placed : layout->control_planes)
    if (auto added = add(placed, MachineType::controlplane, cluster->control_planes); !added) return added.error();
  for (const auto &placed : layout->workers)
    if (auto added = add(placed, MachineType::worker, cluster->workers); !added) return added.error();
  if (layout->balancer) nodes.push_back(load_balancer_node(*layout->balancer));
  return std::unique_ptr<ClusterPlan>(std::make_unique<TalosPlan>(cluster, std::move(nodes)));
}

} // namespace ksail::talos
