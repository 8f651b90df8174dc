// SPDX-License-Identifier: Apache-2.0
// `cluster scale`: workers of a running cluster come and go.
#pragma once

#include "orchestrator/cluster.hpp"

#include <string>
#include <vector>

namespace ksail {

struct ScaleOptions {
  unsigned workers = 0;
  bool force = false; ///< remove nodes whatever runs on them
  std::vector<std::string> kubeconfig_files;
};
struct ScaleReport {
  std::vector<std::string> added, removed;
  unsigned workers = 0; ///< that there are now
};

/// Adds workers that are Ready when it returns, or moves the pods of the last ones away and removes them. Refuses what
/// would lose something (pods that nobody starts again, volumes on a node), naming it, unless `force`. What a failed
/// addition made is removed; nodes that could not be drained stay and are schedulable again.
asio::awaitable<Result<ScaleReport>> scale_cluster(Session &session, std::string name, ScaleOptions options,
                                                   Deadline deadline);

/// Names for `more` workers beside those that exist: the lowest numbers that are free. Pure.
std::vector<std::string> new_worker_names(const std::string &cluster, const std::vector<std::string> &existing,
                                          unsigned more);

} // namespace ksail
