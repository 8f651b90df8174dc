// SPDX-License-Identifier: Apache-2.0
// The labels everything made carries. What exists is found by them and by nothing else.
#pragma once

#include "distributions/cluster_spec.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace ksail {

inline constexpr const char *label_cluster = "ksail.cluster";
inline constexpr const char *label_role = "ksail.role";
inline constexpr const char *label_version = "ksail.version";
inline constexpr const char *label_distribution = "ksail.distribution";
/// Which creation made it: a creation that lost a race for a name removes only what is its own.
inline constexpr const char *label_operation = "ksail.operation";

/// Which registry of its own the cluster uses.
inline constexpr const char *label_local_registry = "ksail.local-registry";

nlohmann::json cluster_labels(const ClusterSpec &spec, const std::string &ksail_version,
                              const std::string &operation_id);

} // namespace ksail
