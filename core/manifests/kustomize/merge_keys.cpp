// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/strategic_merge.hpp"

#include <optional>

namespace ksail::manifests::kustomize {
namespace {

using Keys = std::optional<std::vector<std::string_view>>;
using Path = std::span<const std::string_view>;

bool is(Path path, std::initializer_list<std::string_view> wanted) {
  return std::equal(path.begin(), path.end(), wanted.begin(), wanted.end());
}

Keys in_pod_spec(Path path) {
  if (path.size() == 1) {
    const auto field = path[0];
    if (field == "containers" || field == "initContainers" || field == "ephemeralContainers" || field == "volumes" ||
        field == "imagePullSecrets") {
      return {{"name"}};
    }
    if (field == "hostAliases") {
      return {{"ip"}};
    }
    if (field == "topologySpreadConstraints") {
      return {{"topologyKey", "whenUnsatisfiable"}};
    }
    return std::nullopt;
  }
  if (path.size() == 2 && path[0].ends_with("ontainers")) {
    if (path[1] == "env") {
      return {{"name"}};
    }
    if (path[1] == "volumeMounts") {
      return {{"mountPath"}};
    }
    if (path[1] == "volumeDevices") {
      return {{"devicePath"}};
    }
    if (path[1] == "ports" && path[0] != "ephemeralContainers") {
      return {{"containerPort", "protocol"}};
    }
  }
  return std::nullopt;
}

/// How deep the pod spec stands in an object of that kind; 0 when it has none.
std::size_t pod_spec_at(const Gvk &gvk, Path path) {
  const bool core = gvk.group.empty() && gvk.version == "v1";
  const bool apps = gvk.group == "apps" && gvk.version == "v1";
  const bool batch = gvk.group == "batch";
  if (core && gvk.kind == "Pod") {
    return path[0] == "spec" ? 1 : 0;
  }
  if (core && gvk.kind == "PodTemplate") {
    return path.size() > 2 && is(path.first(2), {"template", "spec"}) ? 2 : 0;
  }
  if ((core && gvk.kind == "ReplicationController") ||
      (apps && (gvk.kind == "Deployment" || gvk.kind == "ReplicaSet" || gvk.kind == "DaemonSet" ||
                gvk.kind == "StatefulSet")) ||
      (batch && gvk.version == "v1" && gvk.kind == "Job")) {
    return path.size() > 3 && is(path.first(3), {"spec", "template", "spec"}) ? 3 : 0;
  }
  if (batch && (gvk.version == "v1" || gvk.version == "v1beta1") && gvk.kind == "CronJob") {
    return path.size() > 5 && is(path.first(5), {"spec", "jobTemplate", "spec", "template", "spec"}) ? 5 : 0;
  }
  return 0;
}

bool has_conditions(const Gvk &gvk) {
  if (gvk.group == "apps" && gvk.version == "v1") {
    return gvk.kind == "Deployment" || gvk.kind == "ReplicaSet" || gvk.kind == "DaemonSet" || gvk.kind == "StatefulSet";
  }
  if (gvk.group.empty() && gvk.version == "v1") {
    for (const char *kind : {"PersistentVolumeClaim", "Pod", "Namespace", "Node", "ReplicationController", "Service"}) {
      if (gvk.kind == kind) {
        return true;
      }
    }
  }
  return (gvk.group == "batch" && gvk.kind == "Job") || (gvk.group == "policy" && gvk.kind == "PodDisruptionBudget") ||
         (gvk.group == "apiregistration.k8s.io" && gvk.kind == "APIService");
}

/// Kinds with a schema, whose metadata is merged by its own rules.
bool is_built_in(const Gvk &gvk) {
  const auto group = gvk.group;
  return group.empty() ? gvk.version == "v1"
                       : group == "apps" || group == "batch" || group == "policy" || group == "autoscaling" ||
                             group == "extensions" ||
                             (group.ends_with(".k8s.io") && group != "gateway.networking.k8s.io" &&
                              group.find("snapshot") == group.npos && group.find(".x-") == group.npos &&
                              group.find("cluster") == group.npos && group != "metrics.k8s.io");
}

} // namespace

std::optional<std::vector<std::string_view>> merge_keys(const Gvk &gvk, std::span<const std::string_view> path) {
  if (path.empty()) {
    return std::nullopt;
  }
  if (const std::size_t depth = pod_spec_at(gvk, path); depth > 0 && path.size() > depth) {
    return in_pod_spec(path.subspan(depth));
  }
  if (!is_built_in(gvk)) {
    return std::nullopt;
  }
  if (path.size() >= 2 && path[path.size() - 2] == "metadata") {
    const bool own = path.size() == 2;
    const bool of_template =
        path.size() > 2 && (path[path.size() - 3] == "template" || path[path.size() - 3] == "jobTemplate" ||
                            path[path.size() - 3] == "volumeClaimTemplates");
    if (own || of_template) {
      if (path.back() == "finalizers") {
        return std::vector<std::string_view>{};
      }
      if (path.back() == "ownerReferences") {
        return {{"uid"}};
      }
    }
  }
  const bool core = gvk.group.empty();
  if (core && gvk.kind == "Service" && is(path, {"spec", "ports"})) {
    return {{"port", "protocol"}};
  }
  if (core && gvk.kind == "ServiceAccount" && is(path, {"secrets"})) {
    return {{"name"}};
  }
  if (core && gvk.kind == "Node" && is(path, {"spec", "podCIDRs"})) {
    return std::vector<std::string_view>{};
  }
  if (gvk.group == "admissionregistration.k8s.io" && gvk.kind.ends_with("WebhookConfiguration") &&
      is(path, {"webhooks"})) {
    return {{"name"}};
  }
  if (gvk.group == "storage.k8s.io" && gvk.kind == "CSINode" && is(path, {"spec", "drivers"})) {
    return {{"name"}};
  }
  if (is(path, {"status", "conditions"}) && has_conditions(gvk)) {
    return {{"type"}};
  }
  return std::nullopt;
}

} // namespace ksail::manifests::kustomize
