// SPDX-License-Identifier: Apache-2.0
// Is an object ready? Rules of kstatus (sigs.k8s.io/cli-utils), with three differences: a Job is ready when it has
// completed, a Service of type LoadBalancer when it has an address, and objects of controllers known to report
// conditions are not ready before they have reported. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>

namespace ksail {

enum class Readiness { progressing, ready, failed };

struct ReadinessVerdict {
  Readiness state = Readiness::progressing;
  std::string reason; ///< "1 of 3 replicas available"; empty when ready
};

struct ReadinessHints {
  std::int64_t generation = 0;      ///< of our own apply's answer: an older state is not about it
  bool claim_waits_for_pod = false; ///< the claim's StorageClass binds when a pod uses it
  std::string condition{};          ///< instead of the rules: ready when this condition has that status
  std::string condition_status = "True";
};

ReadinessVerdict assess_readiness(const nlohmann::json &object, const ReadinessHints &hints);

} // namespace ksail
