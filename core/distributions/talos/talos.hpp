// SPDX-License-Identifier: Apache-2.0
// Talos: nodes whose only way in is an API. Any image that keeps the contract of ghcr.io/siderolabs/talos in
// containers: machined as its first process, its configuration in the volume that holds Talos' state.
#pragma once

#include "distributions/distribution.hpp"

namespace ksail::talos {

class Talos final : public Distribution {
public:
  std::string_view name() const override { return "Talos"; }
  std::vector<std::string> required_capabilities() const override;
  Result<void> check(const ClusterSpec &spec) const override;
  std::vector<ImageNeed> images(const ClusterSpec &spec) const override;
  Result<std::unique_ptr<ClusterPlan>> plan(const PlanInput &input) const override;
  std::string default_node_image(const std::string &kubernetes_version) const override;
  /// Made from the keys in a control plane's configuration.
  asio::awaitable<Result<std::string>> fetch_kubeconfig(NodeAccess &access, std::string node, std::string context_name,
                                                        std::string server, Deadline deadline) const override;
  asio::awaitable<Result<Expansion>> expand(NodeAccess &access, ExpansionInput input, Deadline deadline) const override;
  /// A node has neither a shell nor containerd's client: images come from registries.
  std::optional<ImageImport> image_import() const override { return std::nullopt; }
};

} // namespace ksail::talos
