// SPDX-License-Identifier: Apache-2.0
#include "distributions/node_counts.hpp"

namespace ksail {

Result<void> check_node_counts(const ClusterSpec &spec) {
  if (spec.control_planes == 0)
    return Error(Code::usage, "a cluster needs a control plane: --control-planes is 0", "leave it at 1");
  if (spec.control_planes > most_control_planes)
    return Error(Code::usage,
                 "--control-planes is " + std::to_string(spec.control_planes) + "; at most " +
                     std::to_string(most_control_planes) + " are supported",
                 "3 survive the loss of one, 5 the loss of two; --workers adds nodes for workloads");
  if (spec.workers > most_workers)
    return Error(Code::usage, "--workers is " + std::to_string(spec.workers) + "; at most " +
                                  std::to_string(most_workers) + " are supported");
  return {};
}

} // namespace ksail
