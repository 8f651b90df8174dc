// SPDX-License-Identifier: Apache-2.0
// The way into a cluster that runs: what a control plane's configuration holds is all that it takes.
#pragma once

#include "distributions/distribution.hpp"
#include "distributions/talos_api/client.hpp"

#include <string>
#include <vector>

namespace ksail::talos {

/// The configuration of a machine, also of one that is stopped. It holds keys. Errors are the provider's, and
/// Code::failed_precondition where there is none.
asio::awaitable<Result<std::string>> read_machine_config(NodeAccess &access, std::string node, Deadline deadline);

/// How errors name that configuration.
std::string machine_config_name(const std::string &node);

/// Whom to ask, and with what.
struct ApiAccess {
  std::string node; ///< the control plane that is asked, also for the others
  talos_api::ClientOptions options;

  talos_api::Client client_for(asio::any_io_executor executor, const NodeFacts &machine) const;
};

/// Makes a client certificate of the role with the keys in a control plane. `nodes` are those that run.
asio::awaitable<Result<ApiAccess>> open_api_access(NodeAccess &access, const std::vector<NodeFacts> &nodes,
                                                   std::string role, Deadline deadline);

} // namespace ksail::talos
