// SPDX-License-Identifier: Apache-2.0
#include "distributions/k3s/k3s_plan.hpp"

#include "distributions/k3s/bootstrap_steps.hpp"
#include "distributions/k3s/configuration.hpp"
#include "distributions/k3s/release.hpp"
#include "distributions/vanilla/addresses.hpp"

namespace ksail::k3s {

namespace {

void add(NodeTemplate &node, std::string path, std::string content, unsigned mode = 0644) {
  NodeFile file;
  file.path = std::move(path);
  file.content = std::move(content);
  file.mode = mode;
  node.files.push_back(std::move(file));
}

nlohmann::json node_settings(const NodeFacts &node, bool server) {
  // K3s is the first process of its node, makes control groups for pods, and mounts their volumes.
  return {{"hostname", node.name},
          {"entrypoint", {"/bin/sh", start_script}},
          {"args", {server ? "server" : "agent"}},
          {"privileged", true},
          {"init", false},
          {"cgroup_namespace", "private"},
          {"tmpfs", {"/run", "/var/run"}},
          {"address", node.ipv4},
          {"restart", {{"policy", "unless-stopped"}}}};
}

class K3sPlan final : public ClusterPlan {
public:
  K3sPlan(std::shared_ptr<Cluster> cluster, std::vector<NodeTemplate> nodes)
      : cluster_(std::move(cluster)), nodes_(std::move(nodes)) {}
  const std::vector<NodeTemplate> &nodes() const override { return nodes_; }
  std::vector<BootstrapStep> steps() override { return bootstrap_steps(cluster_); }
  std::string kubernetes_version() const override { return cluster_->kubernetes_version; }
  std::string kubeconfig(const std::string &context_name, const std::string &server) const override {
    return kubeconfig_text(context_name, server, cluster_->credentials.server_ca(), cluster_->credentials.admin());
  }
  std::pair<std::string, int> api_endpoint() const override { return {cluster_->servers.front(), api_port}; }

private:
  std::shared_ptr<Cluster> cluster_;
  std::vector<NodeTemplate> nodes_;
};

} // namespace

Result<std::unique_ptr<ClusterPlan>> make_plan(const PlanInput &input) {
  const ClusterSpec &spec = input.spec;
  const auto image = input.images.find(spec.node_image);
  if (image == input.images.end())
    return Error(Code::internal, "nothing is known of the node image " + spec.node_image);
  auto release = release_of(spec.kubernetes_version, image->second.use, image->second.labels);
  if (!release) return release.error();
  auto network = vanilla::parse_subnet(input.network.subnet);
  if (!network) return Error(network.error()).in("the provider's network");
  auto credentials = Credentials::create();
  if (!credentials) return credentials.error();
  auto token = credentials->full_token();
  if (!token) return token.error();

  Cluster cluster{spec, std::move(*credentials), release->kubernetes, spec.control_plane_names(), spec.worker_names()};
  std::vector<NodeTemplate> nodes;
  std::uint32_t next = 2; // the first address of the network is its gateway's
  std::string first_address;
  const auto add_node = [&](const std::string &name, bool server) -> Result<void> {
    auto address = vanilla::address_in(*network, next++);
    if (!address) return address.error();
    const bool first = first_address.empty();
    if (first) first_address = *address;
    NodeFacts facts;
    facts.name = name;
    facts.ipv4 = *address;
    NodeTemplate node;
    node.name = name;
    node.role = server ? "control-plane" : "worker";
    node.image = image->second.use;
    node.settings = node_settings(facts, server);
    add(node, start_script, node_script(!first), 0755);
    // A file that nobody else can read: environment and arguments of a node are shown to whoever may look at it.
    add(node, token_file, (first ? cluster.credentials.secret() : *token) + "\n", 0600);
    if (server) {
      ServerSettings settings;
      settings.first = first;
      settings.with_others = cluster.servers.size() > 1;
      settings.join = first_address;
      settings.disable = spec.disable;
      settings.network = spec.cni == Cni::standard;
      if (spec.api_host_address != "127.0.0.1" && spec.api_host_address != "0.0.0.0")
        settings.names.push_back(spec.api_host_address);
      add(node, "/etc/rancher/k3s/config.yaml", server_config(settings, input.host, release->minor), 0600);
    } else {
      add(node, "/etc/rancher/k3s/config.yaml", agent_config(first_address, input.host, release->minor), 0600);
    }
    if (first) {
      for (const auto &[path, content] : cluster.credentials.files())
        add(node, "/var/lib/rancher/k3s/server/tls/" + path, content, path.ends_with(".key") ? 0600 : 0644);
      node.settings["ports"] = nlohmann::json::array({{{"container", api_port},
                                                       {"host", spec.api_host_port},
                                                       {"host_address", spec.api_host_address},
                                                       {"protocol", "tcp"}}});
    }
    nodes.push_back(std::move(node));
    return {};
  };
  for (const auto &name : cluster.servers)
    if (auto added = add_node(name, true); !added) return added.error();
  for (const auto &name : cluster.agents)
    if (auto added = add_node(name, false); !added) return added.error();
  return std::unique_ptr<ClusterPlan>(
      std::make_unique<K3sPlan>(std::make_shared<Cluster>(std::move(cluster)), std::move(nodes)));
}

} // namespace ksail::k3s
