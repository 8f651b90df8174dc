// SPDX-License-Identifier: Apache-2.0
// Vanilla: kubeadm clusters from any node image of the kindest/node shape. What can be known beforehand is in the node
// before it starts.
#pragma once

#include "distributions/distribution.hpp"

namespace ksail::vanilla {

class Vanilla final : public Distribution {
public:
  std::string_view name() const override { return "Vanilla"; }
  std::vector<std::string> required_capabilities() const override;
  Result<void> check(const ClusterSpec &spec) const override;
  std::vector<ImageNeed> images(const ClusterSpec &spec) const override;
  Result<std::shared_ptr<const KeyMaterial>> make_keys(const ClusterSpec &spec) const override;
  Result<std::unique_ptr<ClusterPlan>> plan(const PlanInput &input) const override;
  std::string default_node_image(const std::string &kubernetes_version) const override;
  asio::awaitable<Result<Expansion>> expand(NodeAccess &access, ExpansionInput input, Deadline deadline) const override;
  asio::awaitable<Result<std::string>> fetch_kubeconfig(NodeAccess &access, std::string node, std::string context_name,
                                                        std::string server, Deadline deadline) const override;
};

} // namespace ksail::vanilla
