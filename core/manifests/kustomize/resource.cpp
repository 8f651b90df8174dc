// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/resource.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>

namespace ksail::manifests::kustomize {

namespace {

struct Scoped {
  std::string_view kind, group, versions;
};
/// Versions are separated by spaces. Source: the OpenAPI document of Kubernetes 1.21.2.
constexpr std::array<Scoped, 28> kClusterScoped{{
    {"APIService", "apiregistration.k8s.io", "v1 v1beta1"},
    {"CSIDriver", "storage.k8s.io", "v1 v1beta1"},
    {"CSINode", "storage.k8s.io", "v1 v1beta1"},
    {"CertificateSigningRequest", "certificates.k8s.io", "v1 v1beta1"},
    {"ClusterRole", "rbac.authorization.k8s.io", "v1 v1beta1 v1alpha1"},
    {"ClusterRoleBinding", "rbac.authorization.k8s.io", "v1 v1beta1 v1alpha1"},
    {"ComponentStatus", "", "v1"},
    {"CustomResourceDefinition", "apiextensions.k8s.io", "v1 v1beta1"},
    {"FlowSchema", "flowcontrol.apiserver.k8s.io", "v1beta1"},
    {"IngressClass", "networking.k8s.io", "v1 v1beta1"},
    {"MutatingWebhookConfiguration", "admissionregistration.k8s.io", "v1 v1beta1"},
    {"Namespace", "", "v1"},
    {"Node", "", "v1"},
    {"NodeProxyOptions", "", "v1"},
    {"PersistentVolume", "", "v1"},
    {"PodSecurityPolicy", "policy", "v1beta1"},
    {"PriorityClass", "scheduling.k8s.io", "v1 v1beta1 v1alpha1"},
    {"PriorityLevelConfiguration", "flowcontrol.apiserver.k8s.io", "v1beta1"},
    {"RuntimeClass", "node.k8s.io", "v1 v1beta1 v1alpha1"},
    {"StorageClass", "storage.k8s.io", "v1 v1beta1"},
    {"StorageVersion", "internal.apiserver.k8s.io", "v1alpha1"},
    {"ValidatingWebhookConfiguration", "admissionregistration.k8s.io", "v1 v1beta1"},
    {"VolumeAttachment", "storage.k8s.io", "v1 v1beta1 v1alpha1"},
    {"SelfSubjectAccessReview", "authorization.k8s.io", "v1 v1beta1"},
    {"SelfSubjectRulesReview", "authorization.k8s.io", "v1 v1beta1"},
    {"SubjectAccessReview", "authorization.k8s.io", "v1 v1beta1"},
    {"TokenReview", "authentication.k8s.io", "v1 v1beta1"},
    {"NodeMetrics", "metrics.k8s.io", ""},
}};

constexpr std::string_view kMemory = "internal.config.kubernetes.io/memory";

bool holds_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const auto space = words.find(' ');
    if (words.substr(0, space) == word) {
      return true;
    }
    words = space == words.npos ? std::string_view{} : words.substr(space + 1);
  }
  return false;
}

} // namespace

bool is_cluster_scoped(const Gvk &gvk) {
  return std::any_of(kClusterScoped.begin(), kClusterScoped.end(), [&](const Scoped &known) {
    return known.kind == gvk.kind && known.group == gvk.group && holds_word(known.versions, gvk.version);
  });
}

std::string Gvk::text() const {
  const auto part = [](std::string_view value, const char *none) {
    return value.empty() ? std::string(none) : std::string(value);
  };
  return part(kind, "[noKind]") + "." + part(version, "[noVer]") + "." + part(group, "[noGrp]");
}

std::string_view ResId::effective_namespace() const {
  if (is_cluster_scoped(gvk)) {
    return kNoNamespace;
  }
  return ns.empty() ? std::string_view("default") : ns;
}

std::string ResId::key() const {
  const auto effective = effective_namespace();
  std::string out;
  out.reserve(gvk.group.size() + gvk.version.size() + gvk.kind.size() + name.size() + effective.size() + 4);
  out.append(gvk.group).append("\n").append(gvk.version).append("\n").append(gvk.kind).append("\n");
  return out.append(effective).append("\n").append(name);
}

std::string ResId::text() const {
  return gvk.text() + "/" + (name.empty() ? "[noName]" : std::string(name)) + "." +
         (ns.empty() ? "[noNs]" : std::string(ns));
}

Gvk gvk_of_api_version(std::string_view api_version, std::string_view kind) {
  const auto slash = api_version.find('/');
  return slash == api_version.npos ? Gvk{{}, api_version, kind}
                                   : Gvk{api_version.substr(0, slash), api_version.substr(slash + 1), kind};
}

Gvk Resource::gvk() const { return gvk_of_api_version(root->find_text("apiVersion"), kind()); }

ResId Resource::previous_id(std::size_t i) const {
  const Gvk now = gvk();
  return {{now.group, now.version, previous[i].kind}, previous[i].name, previous[i].ns};
}

std::string_view Resource::metadata_text(std::string_view field) const {
  const Node *data = root->find("metadata");
  const Node *value = data != nullptr ? data->find(field) : nullptr;
  return value == nullptr || is_null(*value) ? std::string_view{} : value->text();
}

void Resource::remember_id() {
  const ResId now = id();
  previous.push_back({now.effective_namespace(), now.name, now.gvk.kind});
}

Node *Resource::annotations_of_memory(Arena &arena) {
  const bool any = !previous.empty() || !prefixes.empty() || !suffixes.empty() || needs_hash || origin != nullptr ||
                   !transformations.empty();
  Node *data = metadata();
  if (!any || data == nullptr || !data->is_mapping()) {
    return nullptr;
  }
  Node *annotations = data->find("annotations");
  if (missing_or_null(annotations)) {
    annotations = set(arena, *data, "annotations", make_node(arena, NodeKind::mapping));
  }
  return annotations->is_mapping() ? annotations : nullptr;
}

void Resource::put_memory(Arena &arena) {
  if (Node *annotations = annotations_of_memory(arena)) {
    set(arena, *annotations, kMemory, make_string(arena, "kept"));
    memory_put = true;
  }
}

bool Resource::take_memory() {
  memory_put = false;
  Node *data = root != nullptr ? metadata() : nullptr;
  Node *annotations = data != nullptr ? data->find("annotations") : nullptr;
  if (annotations == nullptr || !annotations->is_mapping() || !erase(*annotations, kMemory)) {
    return false;
  }
  if (annotations->size == 0) {
    erase(*data, "annotations");
  }
  return true;
}

void Resource::check_memory() {
  if (memory_put && !take_memory()) {
    forget();
  }
}

void Resource::forget() {
  previous.clear();
  prefixes.clear();
  suffixes.clear();
  needs_hash = false;
  behavior = Behavior::unspecified;
  origin = nullptr;
  transformations.clear();
}

void Resource::put_history(Arena &arena) {
  if (origin != nullptr || !transformations.empty()) {
    put_memory(arena);
  } else {
    annotations_of_memory(arena);
  }
}

void Resource::check_history() {
  if (memory_put && !take_memory()) {
    origin = nullptr;
    transformations.clear();
  }
}

void Resource::set_name(Arena &arena, std::string_view name) {
  Node *data = metadata();
  if (data == nullptr || !data->is_mapping()) {
    data = set(arena, *root, "metadata", make_node(arena, NodeKind::mapping));
  }
  Node *value = data->find("name");
  if (value != nullptr && value->is_scalar()) {
    assign(arena, *value, name, Tag::none);
  } else {
    set(arena, *data, "name", make_scalar(arena, name));
  }
}

void Resource::set_namespace(Arena &arena, std::string_view ns) {
  Node *data = metadata();
  if (ns.empty()) {
    if (data != nullptr && data->is_mapping()) {
      erase(*data, "namespace");
    }
    return;
  }
  if (missing_or_null(data)) {
    data = set(arena, *root, "metadata", make_node(arena, NodeKind::mapping));
  }
  Node *value = data->find("namespace");
  if (value != nullptr && value->is_scalar()) {
    assign(arena, *value, ns, Tag::none);
  } else {
    set(arena, *data, "namespace", make_scalar(arena, ns));
  }
}

const Node *Resource::metadata_map(std::string_view field) const {
  const Node *data = root->find("metadata");
  const Node *map = data != nullptr ? data->find(field) : nullptr;
  return map != nullptr && map->is_mapping() ? map : nullptr;
}

std::vector<std::pair<std::string_view, std::string_view>> Resource::metadata_texts(std::string_view field) const {
  std::vector<std::pair<std::string_view, std::string_view>> values;
  const Node *map = metadata_map(field);
  for (std::size_t i = 0; map != nullptr && i < map->pairs(); ++i) {
    values.emplace_back(map->key(i)->text(), map->value(i)->text());
  }
  return values;
}

void Resource::set_metadata_map(Arena &arena, std::string_view field,
                                std::vector<std::pair<std::string_view, std::string_view>> values) {
  Node *data = metadata();
  if (data == nullptr || !data->is_mapping()) {
    if (values.empty()) {
      return;
    }
    data = set(arena, *root, "metadata", make_node(arena, NodeKind::mapping));
  }
  erase(*data, field);
  if (values.empty()) {
    return;
  }
  std::sort(values.begin(), values.end());
  Node *map = make_node(arena, NodeKind::mapping);
  for (const auto &[key, value] : values) {
    append(arena, map, make_scalar(arena, key));
    append(arena, map, make_string(arena, value));
  }
  set(arena, *data, field, map);
}

const Resource *with_id_of_another(const Resources &resources) {
  std::unordered_set<std::string> seen;
  const auto at = std::find_if(resources.begin(), resources.end(),
                               [&](const Resource *resource) { return !seen.insert(resource->id().key()).second; });
  return at == resources.end() ? nullptr : *at;
}

} // namespace ksail::manifests::kustomize
