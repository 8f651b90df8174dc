// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/labels.hpp"

#include <nlohmann/json.hpp>

namespace ksail {

nlohmann::json cluster_labels(const ClusterSpec &spec, const std::string &ksail_version,
                              const std::string &operation_id) {
  return {{label_cluster, spec.name},
          {label_version, ksail_version},
          {label_distribution, spec.distribution},
          {label_operation, operation_id}};
}

} // namespace ksail
