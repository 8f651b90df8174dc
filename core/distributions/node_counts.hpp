// SPDX-License-Identifier: Apache-2.0
// How many nodes a cluster may have, the same for every distribution.
#pragma once

#include "distributions/cluster_spec.hpp"

#include <ksail/sdk/result.hpp>

namespace ksail {

/// etcd's own advice: seven members at most; more make every write slower.
/// https://etcd.io/docs/v3.6/faq/#what-is-maximum-cluster-size
inline constexpr unsigned most_control_planes = 7;
inline constexpr unsigned most_workers = 200;

/// Code::usage naming the option and what is accepted.
Result<void> check_node_counts(const ClusterSpec &spec);

} // namespace ksail
