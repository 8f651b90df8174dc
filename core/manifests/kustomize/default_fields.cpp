// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/default_fields.hpp"

namespace ksail::manifests::kustomize {
namespace {

FieldSpec of(std::string group, std::string version, std::string kind, std::string path, bool create) {
  return {std::move(group), std::move(version), std::move(kind), std::move(path), create};
}

/// Where pod specs stand, by kind.
struct PodSpec {
  const char *version, *kind, *path;
};
constexpr PodSpec kPodSpecs[] = {{"v1", "Pod", "spec"},
                                 {"", "PodTemplate", "template/spec"},
                                 {"", "Deployment", "spec/template/spec"},
                                 {"", "ReplicaSet", "spec/template/spec"},
                                 {"", "DaemonSet", "spec/template/spec"},
                                 {"", "StatefulSet", "spec/template/spec"},
                                 {"", "Job", "spec/template/spec"},
                                 {"", "CronJob", "spec/jobTemplate/spec/template/spec"}};
constexpr PodSpec kRunningPodSpecs[] = {{"", "Pod", "spec"},
                                        {"", "StatefulSet", "spec/template/spec"},
                                        {"", "Deployment", "spec/template/spec"},
                                        {"", "ReplicationController", "spec/template/spec"},
                                        {"", "CronJob", "spec/jobTemplate/spec/template/spec"},
                                        {"", "Job", "spec/template/spec"},
                                        {"", "DaemonSet", "spec/template/spec"}};

std::vector<NameReference> make_name_references() {
  std::vector<NameReference> list;
  constexpr const char *kRbac = "rbac.authorization.k8s.io";
  constexpr const char *kHooks = "admissionregistration.k8s.io";
  const auto add = [&](Gvk target, std::string group, std::string version, std::string kind, std::string path) {
    list.push_back({target, of(std::move(group), std::move(version), std::move(kind), std::move(path), false)});
  };
  const auto pods = [&](Gvk target, const auto &specs, const char *path) {
    for (const auto &spec : specs) {
      add(target, "", spec.version, spec.kind, std::string(spec.path) + "/" + path);
    }
  };
  for (const char *kind : {"Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"}) {
    add({"", "", kind}, "", "", "HorizontalPodAutoscaler", "spec/scaleTargetRef/name");
  }
  const Gvk config_map{"", "v1", "ConfigMap"};
  for (const char *path : {"volumes/configMap/name", "containers/env/valueFrom/configMapKeyRef/name",
                           "initContainers/env/valueFrom/configMapKeyRef/name", "containers/envFrom/configMapRef/name",
                           "initContainers/envFrom/configMapRef/name", "volumes/projected/sources/configMap/name"}) {
    pods(config_map, kPodSpecs, path);
  }
  add(config_map, "", "", "Node", "spec/configSource/configMap");
  add(config_map, "", "", "Role", "rules/resourceNames");
  add(config_map, "", "", "ClusterRole", "rules/resourceNames");
  add(config_map, "", "", "Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap");
  const Gvk secret{"", "v1", "Secret"};
  for (const char *path :
       {"volumes/secret/secretName", "containers/env/valueFrom/secretKeyRef/name",
        "initContainers/env/valueFrom/secretKeyRef/name", "containers/envFrom/secretRef/name",
        "initContainers/envFrom/secretRef/name", "imagePullSecrets/name", "volumes/projected/sources/secret/name"}) {
    pods(secret, kPodSpecs, path);
  }
  for (const char *path : {"spec/tls/secretName", "metadata/annotations/ingress.kubernetes.io\\/auth-secret",
                           "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret",
                           "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret"}) {
    add(secret, "", "", "Ingress", path);
  }
  add(secret, "", "", "ServiceAccount", "imagePullSecrets/name");
  for (const char *path :
       {"parameters/secretName", "parameters/adminSecretName", "parameters/userSecretName", "parameters/secretRef"}) {
    add(secret, "", "", "StorageClass", path);
  }
  add(secret, "", "", "Role", "rules/resourceNames");
  add(secret, "", "", "ClusterRole", "rules/resourceNames");
  add(secret, "serving.knative.dev", "v1", "Service", "spec/template/spec/containers/env/valueFrom/secretKeyRef/name");
  add(secret, "", "", "PersistentVolume", "spec/azureFile/secretName");
  const Gvk service{"", "v1", "Service"};
  add(service, "apps", "", "StatefulSet", "spec/serviceName");
  for (const char *path : {"spec/rules/http/paths/backend/serviceName", "spec/backend/serviceName",
                           "spec/rules/http/paths/backend/service/name", "spec/defaultBackend/service/name"}) {
    add(service, "", "", "Ingress", path);
  }
  add(service, "apiregistration.k8s.io", "", "APIService", "spec/service/name");
  add(service, kHooks, "", "ValidatingWebhookConfiguration", "webhooks/clientConfig/service");
  add(service, kHooks, "", "MutatingWebhookConfiguration", "webhooks/clientConfig/service");
  add({kRbac, "", "Role"}, kRbac, "", "RoleBinding", "roleRef/name");
  add({kRbac, "", "ClusterRole"}, kRbac, "", "RoleBinding", "roleRef/name");
  add({kRbac, "", "ClusterRole"}, kRbac, "", "ClusterRoleBinding", "roleRef/name");
  const Gvk account{"", "v1", "ServiceAccount"};
  add(account, kRbac, "", "RoleBinding", "subjects");
  add(account, kRbac, "", "ClusterRoleBinding", "subjects");
  pods(account, kRunningPodSpecs, "serviceAccountName");
  pods({"", "v1", "PersistentVolumeClaim"}, kRunningPodSpecs, "volumes/persistentVolumeClaim/claimName");
  add({"", "v1", "PersistentVolume"}, "", "", "PersistentVolumeClaim", "spec/volumeName");
  add({"", "v1", "PersistentVolume"}, "", "", "ClusterRole", "rules/resourceNames");
  const Gvk storage{"storage.k8s.io", "v1", "StorageClass"};
  add(storage, "", "", "PersistentVolume", "spec/storageClassName");
  add(storage, "", "", "PersistentVolumeClaim", "spec/storageClassName");
  add(storage, "", "", "StatefulSet", "spec/volumeClaimTemplates/spec/storageClassName");
  pods({"scheduling.k8s.io", "v1", "PriorityClass"}, kRunningPodSpecs, "priorityClassName");
  add({kHooks, "", "ValidatingAdmissionPolicy"}, kHooks, "", "ValidatingAdmissionPolicyBinding", "spec/policyName");
  return list;
}

FieldSpecs make_template_labels() {
  return {of("", "", "", "metadata/labels", true),
          of("", "v1", "ReplicationController", "spec/template/metadata/labels", true),
          of("", "", "Deployment", "spec/template/metadata/labels", true),
          of("", "", "ReplicaSet", "spec/template/metadata/labels", true),
          of("", "", "DaemonSet", "spec/template/metadata/labels", true),
          of("apps", "", "StatefulSet", "spec/template/metadata/labels", true),
          of("apps", "", "StatefulSet", "spec/volumeClaimTemplates[]/metadata/labels", true),
          of("batch", "", "Job", "spec/template/metadata/labels", true),
          of("batch", "", "CronJob", "spec/jobTemplate/metadata/labels", true),
          of("batch", "", "CronJob", "spec/jobTemplate/spec/template/metadata/labels", true)};
}

FieldSpecs make_common_labels() {
  FieldSpecs list = {of("", "v1", "Service", "spec/selector", true),
                     of("", "v1", "ReplicationController", "spec/selector", true),
                     of("", "", "Deployment", "spec/selector/matchLabels", true),
                     of("", "", "ReplicaSet", "spec/selector/matchLabels", true),
                     of("", "", "DaemonSet", "spec/selector/matchLabels", true),
                     of("apps", "", "StatefulSet", "spec/selector/matchLabels", true)};
  for (const char *kind : {"Deployment", "StatefulSet"}) {
    for (const char *affinity : {"podAffinity", "podAntiAffinity"}) {
      const auto path = std::string("spec/template/spec/affinity/") + affinity;
      list.push_back(of(
          "apps", "", kind,
          path + "/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels", false));
      list.push_back(of("apps", "", kind,
                        path + "/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels", false));
    }
    list.push_back(
        of("apps", "", kind, "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels", false));
  }
  list.push_back(of("batch", "", "Job", "spec/selector/matchLabels", false));
  list.push_back(of("batch", "", "CronJob", "spec/jobTemplate/spec/selector/matchLabels", false));
  list.push_back(of("policy", "", "PodDisruptionBudget", "spec/selector/matchLabels", false));
  for (const char *path : {"spec/podSelector/matchLabels", "spec/ingress/from/podSelector/matchLabels",
                           "spec/egress/to/podSelector/matchLabels"}) {
    list.push_back(of("networking.k8s.io", "", "NetworkPolicy", path, false));
  }
  const auto metadata = make_template_labels();
  list.insert(list.end(), metadata.begin(), metadata.end());
  return list;
}

TransformerFields make_defaults() {
  TransformerFields fields;
  fields.name_prefix = {of("", "", "", "metadata/name", false)};
  fields.name_suffix = fields.name_prefix;
  fields.namespaces = {of("", "", "Namespace", "metadata/name", true),
                       of("apiregistration.k8s.io", "", "APIService", "spec/service/namespace", true),
                       of("apiextensions.k8s.io", "", "CustomResourceDefinition",
                          "spec/conversion/webhook/clientConfig/service/namespace", false)};
  fields.images = {of("", "", "", "spec/containers[]/image", true),
                   of("", "", "", "spec/initContainers[]/image", true),
                   of("", "", "", "spec/volumes[]/image/reference", true),
                   of("", "", "", "spec/template/spec/containers[]/image", true),
                   of("", "", "", "spec/template/spec/initContainers[]/image", true),
                   of("", "", "", "spec/template/spec/volumes[]/image/reference", true)};
  fields.replicas = {of("", "", "Deployment", "spec/replicas", true),
                     of("", "", "ReplicationController", "spec/replicas", true),
                     of("", "", "ReplicaSet", "spec/replicas", true), of("", "", "StatefulSet", "spec/replicas", true)};
  fields.common_labels = make_common_labels();
  fields.template_labels = make_template_labels();
  fields.common_annotations = {of("", "", "", "metadata/annotations", true),
                               of("", "v1", "ReplicationController", "spec/template/metadata/annotations", true),
                               of("", "", "Deployment", "spec/template/metadata/annotations", true),
                               of("", "", "ReplicaSet", "spec/template/metadata/annotations", true),
                               of("", "", "DaemonSet", "spec/template/metadata/annotations", true),
                               of("", "", "StatefulSet", "spec/template/metadata/annotations", true),
                               of("batch", "", "Job", "spec/template/metadata/annotations", true),
                               of("batch", "", "CronJob", "spec/jobTemplate/metadata/annotations", true),
                               of("batch", "", "CronJob", "spec/jobTemplate/spec/template/metadata/annotations", true)};
  fields.variables = default_variable_fields();
  fields.references = make_name_references();
  sort_by_kind(fields);
  return fields;
}

} // namespace

const TransformerFields &default_fields() {
  static const TransformerFields fields = make_defaults();
  return fields;
}

} // namespace ksail::manifests::kustomize
