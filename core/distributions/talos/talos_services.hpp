// SPDX-License-Identifier: Apache-2.0
// The services of Talos nodes and their logs, through the API of the first control plane that runs. The way in is a
// client certificate with no more than the role that is needed, made from the keys in that node's configuration:
// neither a talosconfig nor anything else on this machine is needed.
#pragma once

#include "distributions/node_services.hpp"

namespace ksail::talos {

class TalosServices final : public NodeServices {
public:
  asio::awaitable<Result<std::vector<NodeService>>> list(asio::any_io_executor executor, NodeAccess &access,
                                                         std::vector<NodeFacts> nodes,
                                                         Deadline deadline) const override;
  asio::awaitable<Result<void>> logs(asio::any_io_executor executor, NodeAccess &access, std::vector<NodeFacts> nodes,
                                     ServiceLogRequest request,
                                     std::function<void(std::string_view node, std::string_view bytes)> emit,
                                     Deadline deadline) const override;
  /// Talos puts back a taint that is taken away through Kubernetes: the machines' configurations are changed.
  asio::awaitable<Result<void>> free_control_planes(asio::any_io_executor executor, NodeAccess &access,
                                                    std::vector<NodeFacts> nodes, Deadline deadline) const override;
};

} // namespace ksail::talos
