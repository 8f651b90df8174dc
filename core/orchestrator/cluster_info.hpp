// SPDX-License-Identifier: Apache-2.0
// `cluster info`: what a cluster was created as, how it is, and where it is reached.
#pragma once

#include "orchestrator/cluster.hpp"

#include <string>

namespace ksail {

struct ClusterInfo {
  ClusterStatus status;
  ClusterSpec spec;            ///< as it was created; defaults for a cluster of an older ksail
  std::string kubeconfig_file; ///< that has its context; empty: none
  std::string created;         ///< RFC 3339, UTC, of the oldest node; empty: not known
  std::string ksail_version;   ///< that made it
  unsigned control_planes = 0, workers = 0;
};

/// The calls of cluster_status(), and no more.
asio::awaitable<Result<ClusterInfo>> cluster_info(Session &session, std::string name, StatusOptions options,
                                                  Deadline deadline);

} // namespace ksail
