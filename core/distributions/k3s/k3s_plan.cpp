// SPDX-License-Identifier: Apache-2.0
#include "distributions/k3s/k3s_plan.hpp"

#include "distributions/addresses.hpp"
#include "distributions/k3s/bootstrap_steps.hpp"
#include "distributions/k3s/configuration.hpp"
#include "distributions/k3s/release.hpp"
#include "distributions/load_balancer.hpp"
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
  const auto image = input.images.find(spec.node_image);
  if (image == input.images.end())
    return Error(Code::internal, "nothing is known of the node image " + spec.node_image);
  auto release = release_of(spec.kubernetes_version, image->second.use, image->second.labels);
  if (!release) return release.error();
  auto network = parse_subnet(input.network.subnet);
  if (!network) return Error(network.error()).in("the provider's network");
  // K3s' own default ranges, https://docs.k3s.io/cli/server
  if (auto apart = check_apart(*network, *parse_subnet("10.42.0.0/16"), *parse_subnet("10.43.0.0/16")); !apart)
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
  const std::size_t server_count = cluster.servers.size(), agent_count = cluster.agents.size();
  std::vector<std::string> addresses; // the first of the network is its gateway's
  const std::size_t node_count = server_count + agent_count + (server_count > 1 ? 1 : 0);
  for (std::size_t i = 0; i < node_count; ++i) {
    auto address = address_in(*network, static_cast<std::uint32_t>(i + 2));
    if (!address) return address.error();
    addresses.push_back(std::move(*address));
  }
  LoadBalancer balancer;
  if (server_count > 1) {
    const auto found = input.images.find(load_balancer_image(spec).ref);
    if (found == input.images.end()) return Error(Code::internal, "nothing is known of the load balancer's image");
    balancer.name = load_balancer_name(spec);
    balancer.address = addresses.back();
    balancer.image = found->second.use;
    balancer.api_host_address = spec.api_host_address;
    balancer.api_host_port = spec.api_host_port;
    cluster.load_balancer = balancer.name;
  }

  std::vector<NodeTemplate> nodes;
  for (std::size_t i = 0; i < server_count; ++i) {
    const bool first = i == 0;
    NodeTemplate node = make_node(spec, cluster.servers[i], addresses[i], image->second.use, true, !first);
    add_token(node, first ? cluster.credentials.secret() : *token);
    ServerSettings settings;
    settings.first = first;
    settings.with_others = server_count > 1;
    settings.join = addresses.front();
    settings.disable = spec.disable;
    settings.network = spec.cni == Cni::standard;
    if (spec.api_host_address != "127.0.0.1" && spec.api_host_address != "0.0.0.0")
      settings.names.push_back(spec.api_host_address);
    if (server_count > 1) settings.names.insert(settings.names.end(), {balancer.name, balancer.address});
    add(node, "/etc/rancher/k3s/config.yaml", server_config(settings, input.host, release->minor), 0600);
    if (first) {
      for (const auto &[path, content] : cluster.credentials.files())
        add(node, "/var/lib/rancher/k3s/server/tls/" + path, content, path.ends_with(".key") ? 0600 : 0644);
      // Behind a load balancer it is that which has the port that was asked for; this one is for the bootstrap.
      node.settings["ports"] = nlohmann::json::array({{{"container", api_port},
                                                       {"host", server_count == 1 ? spec.api_host_port : 0},
                                                       {"host_address", spec.api_host_address},
                                                       {"protocol", "tcp"}}});
    }
    balancer.members.push_back({node.name, addresses[i]});
    nodes.push_back(std::move(node));
  }
  // An address that stays, whichever server is there: https://docs.k3s.io/datastore/ha-embedded
  const std::string &registration = server_count > 1 ? balancer.address : addresses.front();
  for (std::size_t i = 0; i < agent_count; ++i) {
    AgentSettings agent{cluster.agents[i], addresses[server_count + i], image->second.use, registration, *token,
                        release->minor, true};
    nodes.push_back(agent_node(spec, input.host, agent));
  }
  if (server_count > 1) nodes.push_back(load_balancer_node(balancer));
  return std::unique_ptr<ClusterPlan>(
      std::make_unique<K3sPlan>(std::make_shared<Cluster>(std::move(cluster)), std::move(nodes)));
}

} // namespace ksail::k3s
