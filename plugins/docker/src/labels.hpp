// SPDX-License-Identifier: Apache-2.0
// Labels that say what belongs to which cluster, and the engine's filters by them.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace ksail::docker {

inline constexpr const char *cluster_label = "ksail.cluster";
inline constexpr const char *role_label = "ksail.role";
/// The request that made a node: repeating it finds its node, another one's node is a conflict.
inline constexpr const char *request_label = "ksail.docker.request";

/// Value of the query parameter `filters`, percent-encoded: what carries the cluster's label (any cluster's when it is
/// empty) and all of `labels`.
std::string label_filter(const std::string &cluster, const nlohmann::json &labels);

} // namespace ksail::docker
