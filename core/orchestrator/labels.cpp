// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/labels.hpp"

#include "orchestrator/spec_label.hpp"

#include <nlohmann/json.hpp>

namespace ksail {

nlohmann::json cluster_labels(const ClusterSpec &spec, const std::string &ksail_version,
                              const std::string &operation_id) {
  nlohmann::json labels = {{label_cluster, spec.name},
                           {label_version, ksail_version},
                           {label_distribution, spec.distribution},
                           {label_operation, operation_id},
                           {label_spec, spec_text(spec)}};
  if (!spec.local_registry.name.empty()) labels[label_local_registry] = spec.local_registry.name;
  return labels;
}

} // namespace ksail
