// SPDX-License-Identifier: Apache-2.0
#include "distributions/k3s/k3s.hpp"

#include "distributions/k3s/configuration.hpp"
#include "distributions/k3s/credentials.hpp"
#include "distributions/k3s/k3s_plan.hpp"
#include "distributions/k3s/pod_images.hpp"
#include "distributions/k3s/release.hpp"
#include "distributions/load_balancer.hpp"
#include "distributions/node_counts.hpp"
#include "kubernetes/kubeconfig.hpp"

#include <algorithm>

namespace ksail::k3s {

std::vector<std::string> K3s::required_capabilities() const {
  return {"exec", "copy", "fixed_address", "published_ports"};
}

Result<void> K3s::check(const ClusterSpec &spec) const {
  if (auto counted = check_node_counts(spec); !counted) return counted;
  const auto &known = bundled_components();
  for (const auto &name : spec.disable) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string all;
    for (const auto &each : known)
      all += (all.empty() ? "" : ", ") + each;
    return Error(Code::usage, "K3s has no bundled component '" + name + "' to disable", "there are " + all);
  }
  if (spec.node_image.empty())
    return Error(Code::usage, "no image of K3s is known for Kubernetes " + spec.kubernetes_version,
                 "give a full version like v1.34.2, or an image with --node-image");
  // A tag without a version may still be told by the image's label, which is only known later.
  auto release = release_of(spec.kubernetes_version, spec.node_image, {});
  if (!release && release.error().message.find("cannot be told") == std::string::npos) return release.error();
  return {};
}

std::vector<ImageNeed> K3s::images(const ClusterSpec &spec) const {
  ImageNeed need;
  need.ref = spec.node_image;
  if (spec.node_image_is_default) need.substitute_label = "ksail.node-image=k3s";
  if (spec.control_planes > 1) return {need, load_balancer_image(spec)};
  return {need};
}

std::vector<std::string> K3s::pod_images(const ClusterSpec &spec) const {
  return k3s::pod_images(spec.node_image, spec.disable);
}

std::string K3s::default_node_image(const std::string &kubernetes_version) const {
  return pinned_image(kubernetes_version);
}

Result<std::shared_ptr<const KeyMaterial>> K3s::make_keys(const ClusterSpec &) const { return k3s::make_keys(); }

Result<std::unique_ptr<ClusterPlan>> K3s::plan(const PlanInput &input) const { return make_plan(input); }

asio::awaitable<Result<std::string>> K3s::fetch_kubeconfig(NodeAccess &access, std::string node,
                                                           std::string context_name, std::string server,
                                                           Deadline deadline) const {
  const std::string file = "/etc/rancher/k3s/k3s.yaml";
  std::vector<std::string> argv;
  argv.emplace_back("cat");
  argv.push_back(file);
  auto output = co_await access.exec(node, std::move(argv), std::string(), deadline);
  if (!output) co_return output.error();
  if (output->exit_code != 0)
    co_return Error(Code::failed_precondition, file + " of node " + node + " cannot be read",
                    "K3s writes it when its API server is up");
  auto admin = kubernetes::parse_access(output->out, "");
  if (!admin) co_return Error(admin.error()).in(file + " of node " + node);
  const auto &tls = admin->endpoint.tls;
  const pki::KeyPair client{tls.certificate_pem, tls.key_pem};
  co_return kubeconfig_text(context_name, server, tls.ca_pem, client);
}

} // namespace ksail::k3s
