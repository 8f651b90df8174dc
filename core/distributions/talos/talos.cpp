// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/talos.hpp"

#include "distributions/addresses.hpp"
#include "distributions/k3s/credentials.hpp"
#include "distributions/load_balancer.hpp"
#include "distributions/node_counts.hpp"
#include "distributions/talos/api_access.hpp"
#include "distributions/talos/cluster_config.hpp"
#include "distributions/talos/release.hpp"
#include "distributions/talos/secrets.hpp"
#include "distributions/talos/talos_plan.hpp"
#include "distributions/talos/user_patches.hpp"

namespace ksail::talos {

std::vector<std::string> Talos::required_capabilities() const { return {"copy", "fixed_address", "published_ports"}; }

Result<void> Talos::check(const ClusterSpec &spec) const {
  if (auto counted = check_node_counts(spec); !counted) return counted;
  if (!spec.disable.empty())
    return Error(Code::usage, "Talos has no bundled components to disable: --disable is " + spec.disable.front(),
                 "leave it away, or take --distribution K3s");
  if (auto pods = parse_subnet(spec.pod_subnet); !pods) return pods.error();
  if (auto services = parse_subnet(spec.service_subnet); !services) return services.error();
  if (!spec.secrets.file.empty())
    if (auto secrets = cluster_secrets(spec); !secrets) return secrets.error();
  // An image without a version in its tag may still be told by its label, which is only known later.
  auto release = release_of(spec.kubernetes_version, spec.node_image, {});
  if (!release && release.error().message.find("cannot be told") == std::string::npos) return release.error();
  return try_user_patches(spec, release ? release->contract : Contract{});
}

std::vector<ImageNeed> Talos::images(const ClusterSpec &spec) const {
  ImageNeed need;
  need.ref = spec.node_image;
  if (spec.node_image_is_default) need.substitute_label = "ksail.node-image=talos";
  if (spec.control_planes > 1) return {need, load_balancer_image(spec)};
  return {need};
}

std::string Talos::default_node_image(const std::string &) const { return default_image; }

Result<std::unique_ptr<ClusterPlan>> Talos::plan(const PlanInput &input) const { return make_plan(input); }

asio::awaitable<Result<std::string>> Talos::fetch_kubeconfig(NodeAccess &access, std::string node,
                                                             std::string context_name, std::string server,
                                                             Deadline deadline) const {
  auto text = co_await read_machine_config(access, node, deadline);
  if (!text) co_return text.error();
  auto secrets = SecretsBundle::from_machine_config(*text, machine_config_name(node));
  if (!secrets) co_return secrets.error();
  auto admin = issue_kubernetes_admin(*secrets);
  if (!admin) co_return admin.error();
  co_return k3s::kubeconfig_text(context_name, server, secrets->k8s.certificate_pem, *admin);
}

} // namespace ksail::talos
