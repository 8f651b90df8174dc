// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_readiness.hpp"

#include "kubernetes/json_field.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string_view>

namespace ksail {

using nlohmann::json;

namespace {

std::optional<std::int64_t> integer(const json &object, std::string_view key) {
  const json &value = field(object, key);
  if (!value.is_number_integer()) return std::nullopt;
  return value.get<std::int64_t>();
}

std::int64_t count(const json &object, std::string_view key) { return integer(object, key).value_or(0); }

struct Condition {
  std::string status, reason, message;
  std::string describe(std::string_view type) const {
    std::string out = std::string(type) + " is " + status;
    if (!reason.empty()) out += " (" + reason + ")";
    if (!message.empty()) out += ": " + message;
    return out;
  }
};

std::optional<Condition> condition(const json &object, std::string_view type) {
  const json &conditions = field(field(object, "status"), "conditions");
  if (!conditions.is_array()) return std::nullopt;
  for (const auto &entry : conditions)
    if (text(entry, "type") == type)
      return Condition{text(entry, "status"), text(entry, "reason"), text(entry, "message")};
  return std::nullopt;
}

ReadinessVerdict ready() { return {Readiness::ready, ""}; }
ReadinessVerdict progressing(std::string reason) { return {Readiness::progressing, std::move(reason)}; }
ReadinessVerdict failed(std::string reason) { return {Readiness::failed, std::move(reason)}; }

ReadinessVerdict of(std::int64_t have, std::int64_t want, std::string_view what) {
  return progressing(std::to_string(have) + " of " + std::to_string(want) + " " + std::string(what));
}

ReadinessVerdict deployment(const json &object) {
  const json &spec = field(object, "spec"), &status = field(object, "status");
  const auto progress = condition(object, "Progressing");
  if (progress && progress->reason == "ProgressDeadlineExceeded") return failed(progress->message);
  const std::int64_t want = integer(spec, "replicas").value_or(1);
  const std::int64_t have = count(status, "replicas"), updated = count(status, "updatedReplicas");
  if (const auto failure = condition(object, "ReplicaFailure"); failure && failure->status == "True" && have < want)
    return progressing(failure->message);
  if (have < want) return of(have, want, "replicas created");
  if (updated < want) return of(updated, want, "replicas updated");
  if (have > want) return progressing(std::to_string(have - want) + " old replicas still end");
  if (const auto available = count(status, "availableReplicas"); available < updated)
    return of(available, want, "replicas available");
  if (const auto up = count(status, "readyReplicas"); up < want) return of(up, want, "replicas ready");
  const auto limit = integer(spec, "progressDeadlineSeconds");
  const bool reports = limit && *limit != std::numeric_limits<std::int32_t>::max();
  if (reports && (!progress || progress->status != "True" || progress->reason != "NewReplicaSetAvailable"))
    return progressing("the new ReplicaSet is not available yet");
  const auto available = condition(object, "Available");
  if (!available || available->status != "True") return progressing("it is not Available yet");
  return ready();
}

ReadinessVerdict stateful_set(const json &object) {
  const json &spec = field(object, "spec"), &status = field(object, "status");
  const json &strategy = field(spec, "updateStrategy");
  if (text(strategy, "type") == "OnDelete") return ready();
  const std::int64_t want = integer(spec, "replicas").value_or(1);
  const std::int64_t have = count(status, "replicas");
  if (have < want) return of(have, want, "replicas created");
  if (const auto up = count(status, "readyReplicas"); up < want) return of(up, want, "replicas ready");
  if (have > want) return progressing(std::to_string(have - want) + " surplus replicas still end");
  if (const auto partition = integer(field(strategy, "rollingUpdate"), "partition"); partition && *partition > 0) {
    const std::int64_t updated = count(status, "updatedReplicas");
    return updated >= want - *partition ? ready() : of(updated, want - *partition, "replicas updated");
  }
  if (text(status, "currentRevision") != text(status, "updateRevision"))
    return of(count(status, "updatedReplicas"), want, "replicas updated");
  if (const auto current = count(status, "currentReplicas"); current < want)
    return of(current, want, "replicas current");
  return ready();
}

ReadinessVerdict daemon_set(const json &object) {
  const json &status = field(object, "status");
  const auto want = integer(status, "desiredNumberScheduled");
  if (!want) return progressing("it has not been looked at yet");
  if (const auto n = count(status, "currentNumberScheduled"); n < *want) return of(n, *want, "pods created");
  if (const auto n = count(status, "updatedNumberScheduled"); n < *want) return of(n, *want, "pods updated");
  if (const auto n = count(status, "numberAvailable"); n < *want) return of(n, *want, "pods available");
  if (const auto n = count(status, "numberReady"); n < *want) return of(n, *want, "pods ready");
  return ready();
}

ReadinessVerdict replica_set(const json &object) {
  const json &spec = field(object, "spec"), &status = field(object, "status");
  if (const auto failure = condition(object, "ReplicaFailure"); failure && failure->status == "True")
    return progressing(failure->message);
  const std::int64_t want = integer(spec, "replicas").value_or(1);
  if (const auto n = count(status, "fullyLabeledReplicas"); n < want) return of(n, want, "replicas created");
  if (const auto n = count(status, "availableReplicas"); n < want) return of(n, want, "replicas available");
  if (const auto n = count(status, "readyReplicas"); n < want) return of(n, want, "replicas ready");
  if (const auto n = count(status, "replicas"); n > want)
    return progressing(std::to_string(n - want) + " surplus replicas still end");
  return ready();
}

ReadinessVerdict job(const json &object) {
  const json &spec = field(object, "spec"), &status = field(object, "status");
  if (const auto complete = condition(object, "Complete"); complete && complete->status == "True") return ready();
  if (const auto failure = condition(object, "Failed"); failure && failure->status == "True")
    return failed((failure->reason.empty() ? "" : failure->reason + ": ") + failure->message);
  if (const json &suspend = field(spec, "suspend"); suspend.is_boolean() && suspend.get<bool>()) return ready();
  if (text(status, "startTime").empty()) return progressing("it has not started yet");
  const std::int64_t want = integer(spec, "completions").value_or(1);
  return of(count(status, "succeeded"), want, "completions");
}

ReadinessVerdict pod(const json &object) {
  const json &status = field(object, "status");
  const std::string phase = text(status, "phase");
  if (phase == "Succeeded") return ready();
  if (phase == "Failed") {
    const std::string reason = text(status, "reason"), message = text(status, "message");
    return failed("its pod failed" + (reason.empty() ? "" : ": " + reason) + (message.empty() ? "" : ": " + message));
  }
  if (const auto up = condition(object, "Ready"); up && up->status == "True") return ready();
  if (const auto placed = condition(object, "PodScheduled"); placed && placed->status == "False")
    return progressing(placed->describe("PodScheduled"));
  return progressing(phase.empty() ? "it has not been looked at yet" : "it is " + phase + " and not Ready");
}

ReadinessVerdict service(const json &object) {
  if (text(field(object, "spec"), "type") != "LoadBalancer") return ready();
  if (const json &own = field(field(object, "spec"), "externalIPs"); own.is_array() && !own.empty()) return ready();
  const json &addresses = field(field(field(object, "status"), "loadBalancer"), "ingress");
  if (addresses.is_array() && !addresses.empty()) return ready();
  return progressing("no load balancer has given it an address");
}

ReadinessVerdict definition(const json &object) {
  if (const auto names = condition(object, "NamesAccepted"); names && names->status == "False")
    return failed(names->describe("NamesAccepted"));
  const auto established = condition(object, "Established");
  if (established && established->status == "True") return ready();
  if (established && established->status == "False" && established->reason != "Installing")
    return failed(established->describe("Established"));
  return progressing("it is not Established yet");
}

ReadinessVerdict by_condition(const json &object, std::string_view type) {
  const auto found = condition(object, type);
  if (found && found->status == "True") return ready();
  return progressing(found ? found->describe(type) : "it has not reported " + std::string(type) + " yet");
}

ReadinessVerdict application(const json &object) {
  const json &status = field(object, "status");
  const std::string health = text(field(status, "health"), "status"), sync = text(field(status, "sync"), "status");
  if (health == "Degraded") return failed("its health is Degraded: " + text(field(status, "health"), "message"));
  if (health == "Healthy" && sync == "Synced") return ready();
  return progressing("health " + (health.empty() ? "unknown" : health) + ", sync " + (sync.empty() ? "unknown" : sync));
}

/// Their controllers always report Ready, so an object without it has not been looked at. (Some kinds are never
/// reconciled.)
bool reports_ready(std::string_view group, std::string_view kind, const json &object) {
  static constexpr std::array<std::string_view, 4> groups{"cert-manager.io", "fluxcd.controlplane.io",
                                                          "external-secrets.io", "cluster.x-k8s.io"};
  if (group == "notification.toolkit.fluxcd.io") return kind == "Receiver";
  if (kind == "HelmRepository" && text(field(object, "spec"), "type") == "oci") return false;
  return group.ends_with(".toolkit.fluxcd.io") || std::find(groups.begin(), groups.end(), group) != groups.end();
}

ReadinessVerdict other(const json &object, std::string_view group, std::string_view kind) {
  if (const json &suspend = field(field(object, "spec"), "suspend");
      suspend.is_boolean() && suspend.get<bool>() && group.ends_with(".toolkit.fluxcd.io"))
    return ready(); // nothing is going to happen
  if (const auto found = condition(object, "Ready"))
    return found->status == "True" ? ready() : progressing(found->describe("Ready"));
  return reports_ready(group, kind, object) ? progressing("it has not reported Ready yet") : ready();
}

bool observed_is_required(std::string_view group, std::string_view kind) {
  return (group == "apps" && kind != "ControllerRevision") || (group == "policy" && kind == "PodDisruptionBudget");
}

ReadinessVerdict by_kind(const json &object, std::string_view group, std::string_view kind,
                         const ReadinessHints &hints) {
  if (group == "apps" || group == "extensions") {
    if (kind == "Deployment") return deployment(object);
    if (kind == "StatefulSet") return stateful_set(object);
    if (kind == "DaemonSet") return daemon_set(object);
    if (kind == "ReplicaSet") return replica_set(object);
    return ready();
  }
  if (group == "batch") return kind == "Job" ? job(object) : ready();
  if (group == "apiextensions.k8s.io") return definition(object);
  if (group == "apiregistration.k8s.io") return by_condition(object, "Available");
  if (group == "argoproj.io" && kind == "Application") return application(object);
  if (!group.empty()) return other(object, group, kind);
  const std::string phase = text(field(object, "status"), "phase");
  if (kind == "Pod") return pod(object);
  if (kind == "Service") return service(object);
  if (kind == "ReplicationController") return replica_set(object);
  if (kind == "Namespace") return phase == "Active" ? ready() : progressing("its phase is " + phase);
  if (kind == "PersistentVolumeClaim") {
    if (phase == "Bound" || hints.claim_waits_for_pod) return ready();
    if (phase == "Lost") return failed("its volume is lost");
    return progressing("it is not bound to a volume");
  }
  return ready();
}

} // namespace

ReadinessVerdict assess_readiness(const json &object, const ReadinessHints &hints) {
  const json &metadata = field(object, "metadata");
  const std::string api_version = text(object, "apiVersion"), kind = text(object, "kind");
  const auto slash = api_version.find('/');
  const std::string group = slash == std::string::npos ? "" : api_version.substr(0, slash);
  if (!text(metadata, "deletionTimestamp").empty()) return progressing("it is being deleted");
  const std::int64_t generation = count(metadata, "generation");
  if (generation < hints.generation) return progressing("its new state has not arrived yet");
  const auto observed = integer(field(object, "status"), "observedGeneration");
  if (observed ? *observed < generation : observed_is_required(group, kind))
    return progressing("its controller has not looked at it yet");
  if (!hints.condition.empty()) {
    const auto found = condition(object, hints.condition);
    if (found && found->status == hints.condition_status) return ready();
    return progressing(found ? found->describe(hints.condition) : "it has no condition " + hints.condition);
  }
  if (const auto stalled = condition(object, "Stalled"); stalled && stalled->status == "True")
    return failed(stalled->describe("Stalled"));
  if (const auto busy = condition(object, "Reconciling"); busy && busy->status == "True")
    return progressing(busy->describe("Reconciling"));
  return by_kind(object, group, kind, hints);
}

} // namespace ksail
