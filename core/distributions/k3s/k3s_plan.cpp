// SPDX-License-Identifier: Apache-2.0
#include "distributions/k3s/k3s_plan.hpp"

#include "distributions/cluster_layout.hpp"
#include "distributions/k3s/bootstrap_steps.hpp"
#include "distributions/k3s/configuration.hpp"
#include "distributions/k3s/release.hpp"
#include "distributions/registries.hpp"

namespace ksail::k3s {

namespace {

void add(NodeTemplate &node, std::string path, std::string content, unsigned mode = 0644) {
  NodeFile file;
  file.path = std::move(path);
  file.content = std::move(content);
  file.mode = mode;
  node.files.push_back(std::move(file));
}

NodeTemplate make_node(const ClusterSpec &spec, const std::string &name, const std::string &address,
                       const std::string &image, bool server, bool waits) {
  NodeTemplate node;
  node.name = name;
  node.role = server ? "control-plane" : "worker";
  node.image = image;
  // K3s is the first process of its node, makes control groups for pods, and mounts their volumes.
  node.settings = {{"hostname", name},
                   {"entrypoint", {"/bin/sh", start_script}},
                   {"args", {server ? "server" : "agent"}},
                   {"privileged", true},
                   {"init", false},
                   {"cgroup_namespace", "private"},
                   {"tmpfs", {"/run", "/var/run"}},
                   {"address", address},
                   {"restart", {{"policy", "unless-stopped"}}}};
  add(node, start_script, node_script(waits), 0755);
  for (auto &file : k3s_registry_files(spec))
    node.files.push_back(std::move(file));
  return node;
}

/// In a file that nobody else can read: environment and arguments of a node are shown to whoever may look at it.
void add_token(NodeTemplate &node, const std::string &token) { add(node, token_file, token + "\n", 0600); }

struct Keys final : KeyMaterial {
  explicit Keys(Credentials made) : credentials(std::move(made)) {}
  Credentials credentials;
};

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
  std::pair<std::string, int> api_endpoint() const override {
    return {cluster_->load_balancer.empty() ? cluster_->servers.front() : cluster_->load_balancer, api_port};
  }

private:
  std::shared_ptr<Cluster> cluster_;
  std::vector<NodeTemplate> nodes_;
};

} // namespace

NodeTemplate agent_node(const ClusterSpec &spec, const HostFacts &host, const AgentSettings &agent) {
  NodeTemplate node = make_node(spec, agent.name, agent.address, agent.image, false, agent.waits);
  add_token(node, agent.token);
  add(node, "/etc/rancher/k3s/config.yaml", agent_config(agent.registration, host, agent.minor), 0600);
  return node;
}

Result<std::shared_ptr<const KeyMaterial>> make_keys() {
  auto credentials = Credentials::create();
  if (!credentials) return credentials.error();
  return std::shared_ptr<const KeyMaterial>(std::make_shared<Keys>(std::move(*credentials)));
}

Result<std::unique_ptr<ClusterPlan>> make_plan(const PlanInput &input) {
  const ClusterSpec &spec = input.spec;
  auto layout = lay_out(input);
  if (!layout) return layout.error();
  const std::string &image = layout->image.use;
  auto release = release_of(spec.kubernetes_version, image, layout->image.labels);
  if (!release) return release.error();
  // K3s' own default ranges, https://docs.k3s.io/cli/server
  if (auto apart = check_apart(layout->network, *parse_subnet("10.42.0.0/16"), *parse_subnet("10.43.0.0/16")); !apart)
    return apart.error();
  auto keys = input.keys;
  if (!keys) {
    auto made = make_keys();
    if (!made) return made.error();
    keys = *made;
  }
  const auto *known = dynamic_cast<const Keys *>(keys.get());
  if (!known) return Error(Code::internal, "the keys are those of another distribution");
  auto token = known->credentials.full_token();
  if (!token) return token.error();

  Cluster cluster{spec, known->credentials, release->kubernetes, spec.control_plane_names(), spec.worker_names()};
  if (layout->balancer) cluster.load_balancer = layout->balancer->name;

  std::vector<NodeTemplate> nodes;
  const PlacedNode &first_server = layout->control_planes.front();
  for (const auto &server : layout->control_planes) {
    const bool first = &server == &first_server;
    NodeTemplate node = make_node(spec, server.name, server.address, image, true, !first);
    add_token(node, first ? cluster.credentials.secret() : *token);
    ServerSettings settings;
    settings.first = first;
    settings.with_others = layout->balancer.has_value();
    settings.join = first_server.address;
    settings.disable = spec.disable;
    settings.network = spec.cni == Cni::standard;
    if (spec.api_host_address != "127.0.0.1" && spec.api_host_address != "0.0.0.0")
      settings.names.push_back(spec.api_host_address);
    if (layout->balancer)
      settings.names.insert(settings.names.end(), {layout->balancer->name, layout->balancer->address});
    add(node, "/etc/rancher/k3s/config.yaml", server_config(settings, input.host, release->minor), 0600);
    if (first) {
      for (const auto &[path, content] : cluster.credentials.files())
        add(node, "/var/lib/rancher/k3s/server/tls/" + path, content, path.ends_with(".key") ? 0600 : 0644);
      // Behind a load balancer it is that which has the port that was asked for; this one is for the bootstrap.
      node.settings["ports"] = nlohmann::json::array({{{"container", api_port},
                                                       {"host", layout->balancer ? 0 : spec.api_host_port},
                                                       {"host_address", spec.api_host_address},
                                                       {"protocol", "tcp"}}});
    }
    nodes.push_back(std::move(node));
  }
  // An address that stays, whichever server is there: https://docs.k3s.io/datastore/ha-embedded
  for (const auto &worker : layout->workers) {
    AgentSettings agent{worker.name, worker.address, image, layout->api_address(), *token, release->minor, true};
    nodes.push_back(agent_node(spec, input.host, agent));
  }
  if (layout->balancer) nodes.push_back(load_balancer_node(*layout->balancer));
  return std::unique_ptr<ClusterPlan>(
      std::make_unique<K3sPlan>(std::make_shared<Cluster>(std::move(cluster)), std::move(nodes)));
}

} // namespace ksail::k3s
