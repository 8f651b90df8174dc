// SPDX-License-Identifier: Apache-2.0
#include "distributions/vanilla/vanilla_plan.hpp"

#include "distributions/cluster_layout.hpp"
#include "distributions/vanilla/bootstrap_steps.hpp"
#include "distributions/vanilla/node_files.hpp"
#include "distributions/vanilla/node_scripts.hpp"

#include <openssl/rand.h>

namespace ksail::vanilla {

namespace {

/// The form kubeadm checks: [a-z0-9]{6}.[a-z0-9]{16}.
Result<std::string> make_bootstrap_token() {
  unsigned char bytes[22];
  if (::RAND_bytes(bytes, sizeof bytes) != 1)
    return Error(Code::internal, "no random numbers are to be had for a bootstrap token");
  static constexpr char digits[] = "abcdefghijklmnopqrstuvwxyz012345";
  std::string token;
  for (std::size_t i = 0; i < sizeof bytes; ++i) {
    if (i == 6) token += '.';
    token += digits[bytes[i] & 31];
  }
  return token;
}

struct Keys final : KeyMaterial {
  explicit Keys(Credentials made) : credentials(std::move(made)) {}
  Credentials credentials;
};

class VanillaPlan final : public ClusterPlan {
public:
  explicit VanillaPlan(std::shared_ptr<Cluster> cluster) : cluster_(std::move(cluster)) {}
  const std::vector<NodeTemplate> &nodes() const override { return nodes_; }
  std::vector<BootstrapStep> steps() override { return bootstrap_steps(cluster_); }
  std::string kubernetes_version() const override { return cluster_->config.version.text(); }
  std::string kubeconfig(const std::string &context_name, const std::string &server) const override {
    return kubeconfig_text(context_name, context_name, context_name, server,
                           cluster_->credentials.authority().certificate_pem(), cluster_->credentials.admin());
  }
  std::pair<std::string, int> api_endpoint() const override {
    return {nodes_.back().role == load_balancer_role ? nodes_.back().name : nodes_.front().name, api_port};
  }

  Result<void> add_node(const NodeIdentity &identity, const std::string &image);
  void add_load_balancer(const LoadBalancer &balancer) { nodes_.push_back(load_balancer_node(balancer)); }

private:
  Result<void> add_control_plane_files(NodeTemplate &node, const NodeIdentity &identity);
  std::shared_ptr<Cluster> cluster_;
  std::vector<NodeTemplate> nodes_;
};

Result<void> VanillaPlan::add_control_plane_files(NodeTemplate &node, const NodeIdentity &identity) {
  const auto &credentials = cluster_->credentials;
  const std::string &ca = credentials.authority().certificate_pem();
  auto pki_files = credentials.control_plane_files(identity);
  if (!pki_files) return pki_files.error();
  for (auto &[path, content] : *pki_files)
    add_file(node, "/etc/kubernetes/pki/" + path, std::move(content), path.ends_with(".key") ? 0600 : 0644);
  const std::string cluster = cluster_->config.spec.name;
  const std::string shared = "https://" + cluster_->config.endpoint;
  const std::string local = "https://" + identity.address + ":" + std::to_string(api_port);
  const auto conf = [&](const char *file, const std::string &user, const std::string &server,
                        const pki::KeyPair &client) {
    add_file(node, std::string("/etc/kubernetes/") + file,
             kubeconfig_text(cluster, user, user + "@" + cluster, server, ca, client), 0600);
  };
  conf("admin.conf", "kubernetes-admin", shared, credentials.admin());
  conf("super-admin.conf", "kubernetes-super-admin", shared, credentials.super_admin());
  for (const auto &[file, user] : {std::pair("controller-manager.conf", "system:kube-controller-manager"),
                                   std::pair("scheduler.conf", "system:kube-scheduler")}) {
    auto client = credentials.component_client(user);
    if (!client) return client.error();
    conf(file, user, local, *client);
  }
  add_file(node, std::string(script_folder) + "/super-admin.pem",
           credentials.super_admin().certificate_pem + credentials.super_admin().key_pem, 0600);
  const NodeIdentity &first = cluster_->nodes.front();
  const bool is_first = identity.name == first.name;
  add_script(node, "static-pods", "Static pods of the control plane",
             static_pods_script(cluster_->etcd_members(), is_first), false, "");
  add_script(node, "bootstrap", "Bootstrap of the control plane",
             is_first ? bootstrap_script(cluster_->service_address, identity.address)
                      : follow_script(cluster_->service_address, first.address),
             false, "");
  return {};
}

Result<void> VanillaPlan::add_node(const NodeIdentity &identity, const std::string &image) {
  const auto &credentials = cluster_->credentials;
  auto client = credentials.kubelet_client(identity.name);
  if (!client) return client.error();
  std::string range;
  if (cluster_->config.spec.cni == Cni::standard) {
    auto assigned = cluster_->pod_range(nodes_.size());
    if (!assigned) return assigned.error();
    range = *assigned;
  }
  NodeTemplate node = node_template(cluster_->config, identity, image);
  if (identity.control_plane) {
    if (auto added = add_control_plane_files(node, identity); !added) return added.error();
  } else {
    add_worker_files(node, cluster_->service_address, cluster_->nodes.front().address);
  }
  add_kubelet_files(node, cluster_->config, identity, credentials.authority().certificate_pem(), *client, range);
  nodes_.push_back(std::move(node));
  return {};
}

} // namespace

std::string endpoint_host(const ClusterSpec &spec) {
  return spec.control_planes > 1 ? load_balancer_name(spec) : spec.control_plane_names().front();
}

Result<std::shared_ptr<const KeyMaterial>> make_keys(const ClusterSpec &spec) {
  CredentialsInput wanted{endpoint_host(spec), spec.api_host_address, spec.service_subnet};
  auto credentials = Credentials::create(wanted);
  if (!credentials) return credentials.error();
  return std::shared_ptr<const KeyMaterial>(std::make_shared<Keys>(std::move(*credentials)));
}

Result<std::unique_ptr<ClusterPlan>> make_plan(const PlanInput &input) {
  const ClusterSpec &spec = input.spec;
  auto layout = lay_out(input);
  if (!layout) return layout.error();
  auto version = node_version(spec.kubernetes_version, layout->image.use, layout->image.labels);
  if (!version) return version.error();
  auto pods = parse_subnet(spec.pod_subnet);
  if (!pods) return pods.error();
  auto services = parse_subnet(spec.service_subnet);
  if (!services) return services.error();
  if (auto apart = check_apart(layout->network, *pods, *services); !apart) return apart.error();
  auto service_address = address_in(*services, 1);
  if (!service_address) return service_address.error();
  auto dns_address = address_in(*services, 10);
  if (!dns_address) return dns_address.error();
  auto token = make_bootstrap_token();
  if (!token) return token.error();

  std::vector<NodeIdentity> nodes;
  for (const auto &placed : layout->control_planes)
    nodes.push_back(NodeIdentity{placed.name, placed.address, true});
  for (const auto &placed : layout->workers)
    nodes.push_back(NodeIdentity{placed.name, placed.address, false});

  auto keys = input.keys;
  if (!keys) {
    auto made = make_keys(spec);
    if (!made) return made.error();
    keys = *made;
  }
  const auto *known = dynamic_cast<const Keys *>(keys.get());
  if (!known) return Error(Code::internal, "the keys are those of another distribution");
  ConfigInput config{spec, input.host, *version, endpoint_host(spec) + ":" + std::to_string(api_port), *token};
  auto cluster = std::make_shared<Cluster>(
      Cluster{std::move(config), known->credentials, std::move(nodes), *pods, *service_address, *dns_address});
  auto plan = std::make_unique<VanillaPlan>(cluster);
  for (const auto &node : cluster->nodes)
    if (auto added = plan->add_node(node, layout->image.use); !added) return added.error();
  if (layout->balancer) plan->add_load_balancer(*layout->balancer);
  return std::unique_ptr<ClusterPlan>(std::move(plan));
}

} // namespace ksail::vanilla
