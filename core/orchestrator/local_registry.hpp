// SPDX-License-Identifier: Apache-2.0
// The registry that clusters share: made by the provider when a cluster wants it, told of in the cluster as KEP-1755
// says, and removed on request when nobody uses it any more.
#pragma once

#include "orchestrator/cluster.hpp"

#include "kubernetes/client.hpp"

#include <string>
#include <vector>

namespace ksail {

/// Makes it when it is not there, starts it, and attaches it to `network`. `labels` go onto what is made.
asio::awaitable<Result<void>> ensure_local_registry(Session &session, LocalRegistry registry, std::string image,
                                                    std::string network, nlohmann::json labels, Deadline deadline);

/// ConfigMap kube-public/local-registry-hosting. The API server answers by now.
asio::awaitable<Result<void>> publish_local_registry(kubernetes::Client &client, LocalRegistry registry,
                                                     Deadline deadline);

struct RegistryRemoval {
  bool removed = false;
  std::vector<std::string> used_by; ///< clusters; then it stays
};
/// With its content. Only one that carries all of `labels`; what is not there is no error.
asio::awaitable<Result<RegistryRemoval>> remove_local_registry(Session &session, std::string name,
                                                               nlohmann::json labels, Deadline deadline);

} // namespace ksail
