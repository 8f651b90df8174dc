// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/known_kinds.hpp"

#include <algorithm>
#include <array>

namespace ksail::kubernetes {

namespace {

struct Row {
  std::string_view api_version, kind, plural;
  bool namespaced;
};

constexpr std::array rows = {
    Row{"v1", "ConfigMap", "configmaps", true},
    Row{"v1", "Endpoints", "endpoints", true},
    Row{"v1", "Event", "events", true},
    Row{"v1", "LimitRange", "limitranges", true},
    Row{"v1", "Namespace", "namespaces", false},
    Row{"v1", "Node", "nodes", false},
    Row{"v1", "PersistentVolume", "persistentvolumes", false},
    Row{"v1", "PersistentVolumeClaim", "persistentvolumeclaims", true},
    Row{"v1", "Pod", "pods", true},
    Row{"v1", "PodTemplate", "podtemplates", true},
    Row{"v1", "ReplicationController", "replicationcontrollers", true},
    Row{"v1", "ResourceQuota", "resourcequotas", true},
    Row{"v1", "Secret", "secrets", true},
    Row{"v1", "Service", "services", true},
    Row{"v1", "ServiceAccount", "serviceaccounts", true},
    Row{"admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", false},
    Row{"admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", false},
    Row{"admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings",
        false},
    Row{"admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", false},
    Row{"apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", false},
    Row{"apiregistration.k8s.io/v1", "APIService", "apiservices", false},
    Row{"apps/v1", "ControllerRevision", "controllerrevisions", true},
    Row{"apps/v1", "DaemonSet", "daemonsets", true},
    Row{"apps/v1", "Deployment", "deployments", true},
    Row{"apps/v1", "ReplicaSet", "replicasets", true},
    Row{"apps/v1", "StatefulSet", "statefulsets", true},
    Row{"autoscaling/v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true},
    Row{"autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true},
    Row{"batch/v1", "CronJob", "cronjobs", true},
    Row{"batch/v1", "Job", "jobs", true},
    Row{"certificates.k8s.io/v1", "CertificateSigningRequest", "certificatesigningrequests", false},
    Row{"coordination.k8s.io/v1", "Lease", "leases", true},
    Row{"discovery.k8s.io/v1", "EndpointSlice", "endpointslices", true},
    Row{"events.k8s.io/v1", "Event", "events", true},
    Row{"flowcontrol.apiserver.k8s.io/v1", "FlowSchema", "flowschemas", false},
    Row{"flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration", "prioritylevelconfigurations", false},
    Row{"networking.k8s.io/v1", "Ingress", "ingresses", true},
    Row{"networking.k8s.io/v1", "IngressClass", "ingressclasses", false},
    Row{"networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", true},
    Row{"node.k8s.io/v1", "RuntimeClass", "runtimeclasses", false},
    Row{"policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", true},
    Row{"rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", false},
    Row{"rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", false},
    Row{"rbac.authorization.k8s.io/v1", "Role", "roles", true},
    Row{"rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", true},
    Row{"scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", false},
    Row{"storage.k8s.io/v1", "CSIDriver", "csidrivers", false},
    Row{"storage.k8s.io/v1", "CSINode", "csinodes", false},
    Row{"storage.k8s.io/v1", "CSIStorageCapacity", "csistoragecapacities", true},
    Row{"storage.k8s.io/v1", "StorageClass", "storageclasses", false},
    Row{"storage.k8s.io/v1", "VolumeAttachment", "volumeattachments", false},
};

std::string_view group_of(std::string_view api_version) {
  const auto slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

ResourceInfo info_of(const Row &row) {
  ResourceInfo info;
  info.group = group_of(row.api_version);
  info.version = row.api_version.substr(info.group.empty() ? 0 : info.group.size() + 1);
  info.kind = row.kind;
  info.plural = row.plural;
  info.namespaced = row.namespaced;
  return info;
}

} // namespace

std::optional<ResourceInfo> known_kind(std::string_view api_version, std::string_view kind) {
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [&](const Row &r) { return r.api_version == api_version && r.kind == kind; });
  if (row == rows.end()) return std::nullopt;
  return info_of(*row);
}

std::vector<ResourceInfo> known_kinds() {
  std::vector<ResourceInfo> all;
  for (const auto &row : rows)
    all.push_back(info_of(row));
  return all;
}

std::optional<ResourceInfo> known_kind_of_group(std::string_view group, std::string_view kind) {
  const auto row = std::find_if(rows.rbegin(), rows.rend(),
                                [&](const Row &r) { return r.kind == kind && group_of(r.api_version) == group; });
  if (row == rows.rend()) return std::nullopt;
  return info_of(*row);
}

} // namespace ksail::kubernetes
