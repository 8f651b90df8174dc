// SPDX-License-Identifier: Apache-2.0
// K3s: servers and agents from any image that keeps the container contract of rancher/k3s: `/bin/k3s server|agent`,
// `/etc/rancher/k3s/{config,registries}.yaml`, own authorities in `server/tls`, a shell.
#pragma once

#include "distributions/distribution.hpp"

namespace ksail::k3s {

class K3s final : public Distribution {
public:
  std::string_view name() const override { return "K3s"; }
  std::vector<std::string> required_capabilities() const override;
  Result<void> check(const ClusterSpec &spec) const override;
  std::vector<ImageNeed> images(const ClusterSpec &spec) const override;
  std::vector<std::string> pod_images(const ClusterSpec &spec) const override;
  Result<std::shared_ptr<const KeyMaterial>> make_keys(const ClusterSpec &spec) const override;
  asio::awaitable<Result<Expansion>> expand(NodeAccess &access, ExpansionInput input, Deadline deadline) const override;
  Result<std::unique_ptr<ClusterPlan>> plan(const PlanInput &input) const override;
  std::string default_node_image(const std::string &kubernetes_version) const override;
  asio::awaitable<Result<std::string>> fetch_kubeconfig(NodeAccess &access, std::string node, std::string context_name,
                                                        std::string server, Deadline deadline) const override;
};

} // namespace ksail::k3s
