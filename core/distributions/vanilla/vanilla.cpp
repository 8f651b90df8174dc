// SPDX-License-Identifier: Apache-2.0
#include "distributions/vanilla/vanilla.hpp"

#include "distributions/addresses.hpp"
#include "distributions/load_balancer.hpp"
#include "distributions/node_counts.hpp"
#include "distributions/tar_entry.hpp"
#include "distributions/vanilla/credentials.hpp"
#include "distributions/vanilla/node_version.hpp"
#include "distributions/vanilla/vanilla_plan.hpp"
#include "kubernetes/kubeconfig.hpp"

#include <nlohmann/json.hpp>

namespace ksail::vanilla {

std::vector<std::string> Vanilla::required_capabilities() const {
  return {"exec", "copy", "fixed_address", "published_ports"};
}

Result<void> Vanilla::check(const ClusterSpec &spec) const {
  if (auto counted = check_node_counts(spec); !counted) return counted;
  if (!spec.disable.empty())
    return Error(Code::usage, "Vanilla has no bundled components to disable: --disable is " + spec.disable.front(),
                 "leave it away, or take --distribution K3s");
  if (!spec.kubernetes_version.empty() || !spec.node_image.empty()) {
    // A tag without a version may still be told by the image's label, which is only known later.
    auto version = node_version(spec.kubernetes_version, spec.node_image, {});
    const bool undecided = spec.kubernetes_version.empty() && !version &&
                           version.error().message.find("cannot be told") != std::string::npos;
    if (!version && !undecided) return version.error();
  }
  if (spec.node_image.empty())
    return Error(Code::usage, "no node image is known for Kubernetes " + spec.kubernetes_version,
                 "known are " + pinned_versions() + "; or give one with --node-image");
  const std::string untagged = spec.node_image.substr(0, spec.node_image.find('@'));
  const auto colon = untagged.rfind(':');
  const bool has_tag = colon != std::string::npos && untagged.find('/', colon) == std::string::npos;
  if (spec.node_image.find('@') == std::string::npos && (!has_tag || untagged.substr(colon + 1) == "latest"))
    return Error(Code::usage,
                 "the node image " + spec.node_image + " is not pinned: what `latest` is today it may not be tomorrow",
                 "give it a version tag or a digest, e.g. " + pinned_image(""));
  auto pods = parse_subnet(spec.pod_subnet);
  if (!pods) return pods.error();
  auto services = parse_subnet(spec.service_subnet);
  if (!services) return services.error();
  if (auto last = part_of(*pods, 24, spec.control_planes + spec.workers - 1); !last) return last.error();
  return {};
}

std::vector<ImageNeed> Vanilla::images(const ClusterSpec &spec) const {
  ImageNeed need;
  need.ref = spec.node_image;
  if (spec.node_image_is_default) need.substitute_label = "ksail.node-image=vanilla";
  if (spec.control_planes > 1) return {need, load_balancer_image(spec)};
  return {need};
}

std::string Vanilla::default_node_image(const std::string &kubernetes_version) const {
  return pinned_image(kubernetes_version);
}

Result<std::shared_ptr<const KeyMaterial>> Vanilla::make_keys(const ClusterSpec &spec) const {
  return vanilla::make_keys(spec);
}

Result<std::unique_ptr<ClusterPlan>> Vanilla::plan(const PlanInput &input) const { return make_plan(input); }

asio::awaitable<Result<std::string>> Vanilla::fetch_kubeconfig(NodeAccess &access, std::string node,
                                                               std::string context_name, std::string server,
                                                               Deadline deadline) const {
  auto archive = co_await access.copy_from(node, "/etc/kubernetes/admin.conf", deadline);
  if (!archive) co_return archive.error();
  const auto text = tar_entry(*archive, "admin.conf");
  if (!text)
    co_return Error(Code::failed_precondition, "/etc/kubernetes/admin.conf of node " + node + " cannot be read",
                    "is it a control plane?");
  auto admin = kubernetes::parse_access(*text, "");
  if (!admin) co_return Error(admin.error()).in("/etc/kubernetes/admin.conf of node " + node);
  const auto &tls = admin->endpoint.tls;
  const pki::KeyPair client{tls.certificate_pem, tls.key_pem};
  co_return kubeconfig_text(context_name, context_name, context_name, server, tls.ca_pem, client);
}

} // namespace ksail::vanilla
