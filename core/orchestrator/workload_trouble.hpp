// SPDX-License-Identifier: Apache-2.0
// Why a workload will not become ready: what its pods say. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace ksail {

struct PodTrouble {
  bool lasting = false; ///< waiting longer will not help
  std::string text;     ///< "pod web-x: container app: ImagePullBackOff: Back-off pulling image ..."
  std::string pod, container{};
  bool crashed = false; ///< the container has run and ended: its log may say why
  bool refused = false; ///< the pod could not even be made: a quota, a policy
};

/// Whether the API server refuses these pods for a reason that does not go away by itself: a quota that is used up,
/// limits, a security policy, an admission webhook. It may still pass when other pods end. `message` is that of a
/// ReplicaFailure condition or of a FailedCreate event.
bool is_refusal(std::string_view message);

/// Lasting are: an image that could not be pulled (the kubelet is backing off) or may not be, a container that has
/// crashed three times, a configuration the container cannot be made of.
std::optional<PodTrouble> pod_trouble(const nlohmann::json &pod);

/// The pods and ReplicaSets of the watched namespaces, as far as they matter.
class PodBoard {
public:
  /// Takes a watch event of a Pod, a ReplicaSet or an Event (of reason FailedCreate). Returns whether a workload's
  /// verdict may have changed for the worse.
  bool changed(std::string_view type, const nlohmann::json &object);
  /// Trouble of the pods of this workload's newest revision; those of an older one are on their way out.
  std::optional<PodTrouble> of(const nlohmann::json &workload) const;
  /// Name of the pod that is in trouble, else of any pod of it; empty when there is none.
  std::string pod_of(const nlohmann::json &workload) const;

private:
  struct Pod {
    std::string name, owner_uid, revision;
    std::optional<PodTrouble> trouble;
    std::string pull_error; ///< of an earlier state: a backing off kubelet no longer tells why the pull failed
  };
  struct ReplicaSet {
    std::string owner_uid, revision, hash;
  };
  bool take_refusal(std::string_view type, const nlohmann::json &event);
  bool is_of(const Pod &pod, const nlohmann::json &workload) const;

  std::map<std::string, Pod> pods_;                ///< by uid
  std::map<std::string, ReplicaSet> replica_sets_; ///< by uid
  std::map<std::string, std::string> refusals_;    ///< messages by uid of what could not make its pods
};

} // namespace ksail
