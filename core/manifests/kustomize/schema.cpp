// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/schema.hpp"
#include "manifests/kustomize/strategic_merge.hpp"

namespace ksail::manifests::kustomize {
namespace {

using nlohmann::json;

const json *member(const json &object, const char *name) {
  const auto at = object.find(name);
  return at == object.end() || !at->is_object() ? nullptr : &*at;
}

std::string type_key(std::string_view group, std::string_view version, std::string_view kind) {
  return std::string(group) + "\n" + std::string(version) + "\n" + std::string(kind);
}

constexpr std::string_view kDefinitions = "#/definitions/";

/// Where in a built-in kind a built-in definition stands that documents of other kinds refer to.
struct BuiltInPart {
  const char *definition;
  Gvk gvk;
  std::vector<std::string_view> path;
};

std::optional<std::vector<std::string_view>> built_in_keys(std::string_view definition,
                                                           std::span<const std::string_view> rest) {
  static const BuiltInPart kParts[] = {
      {"io.k8s.api.core.v1.PodTemplateSpec", {"", "v1", "PodTemplate"}, {"template"}},
      {"io.k8s.api.core.v1.PodSpec", {"", "v1", "Pod"}, {"spec"}},
      {"io.k8s.api.core.v1.Container", {"", "v1", "Pod"}, {"spec", "containers"}},
      {"io.k8s.api.core.v1.EphemeralContainer", {"", "v1", "Pod"}, {"spec", "ephemeralContainers"}},
      {"io.k8s.api.core.v1.ServiceSpec", {"", "v1", "Service"}, {"spec"}},
      {"io.k8s.api.apps.v1.DeploymentSpec", {"apps", "v1", "Deployment"}, {"spec"}},
      {"io.k8s.api.apps.v1.StatefulSetSpec", {"apps", "v1", "StatefulSet"}, {"spec"}},
      {"io.k8s.api.batch.v1.JobSpec", {"batch", "v1", "Job"}, {"spec"}},
      {"io.k8s.api.batch.v1.JobTemplateSpec", {"batch", "v1", "CronJob"}, {"spec", "jobTemplate"}},
      {"io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", {"", "v1", "Pod"}, {"metadata"}}};
  for (const auto &part : kParts) {
    if (part.definition == definition) {
      auto path = part.path;
      path.insert(path.end(), rest.begin(), rest.end());
      return merge_keys(part.gvk, path);
    }
  }
  return std::nullopt;
}

} // namespace

Result<Schema> Schema::read(std::string_view text, const std::string &file) {
  auto document = read_json(text, file);
  if (!document) {
    return document.error();
  }
  Schema schema;
  schema.document_ = std::move(*document);
  const json *definitions = schema.document_.is_object() ? member(schema.document_, "definitions") : nullptr;
  if (definitions == nullptr) {
    return Error(Code::config, file + " holds no `definitions`", "`kustomize openapi fetch` writes such a file");
  }
  for (const auto &[name, definition] : definitions->items()) {
    const auto types = definition.is_object() ? definition.find("x-kubernetes-group-version-kind") : definition.end();
    if (!definition.is_object() || types == definition.end() || !types->is_array()) {
      continue;
    }
    for (const auto &type : *types) {
      if (type.is_object()) {
        schema.by_type_[type_key(text_of(type, "group"), text_of(type, "version"), text_of(type, "kind"))] = name;
      }
    }
  }
  return schema;
}

const json *Schema::resolved(const json *schema) const {
  // References may lead to references, but not for ever.
  for (int steps = 0; schema != nullptr && steps < 32; ++steps) {
    const auto reference = text_of(*schema, "$ref");
    if (reference.empty()) {
      return schema;
    }
    const json *definitions = member(document_, "definitions");
    schema =
        reference.starts_with(kDefinitions) ? member(*definitions, reference.c_str() + kDefinitions.size()) : nullptr;
  }
  return nullptr;
}

std::optional<std::vector<std::string_view>> Schema::merge_keys(const Gvk &gvk,
                                                                std::span<const std::string_view> path) const {
  const auto type = by_type_.find(type_key(gvk.group, gvk.version, gvk.kind));
  if (type == by_type_.end() || path.empty()) {
    return beside_built_in_ ? kustomize::merge_keys(gvk, path) : std::nullopt;
  }
  const json *at = member(*member(document_, "definitions"), type->second.c_str());
  for (std::size_t i = 0; i < path.size(); ++i) {
    const json *from = nullptr;
    // A list on the way is gone through to its elements.
    while (at != nullptr && text_of(*at, "type") == "array") {
      from = member(*at, "items");
      at = resolved(from);
    }
    if (at != nullptr) {
      const json *properties = member(*at, "properties");
      const json *next = properties != nullptr ? member(*properties, std::string(path[i]).c_str()) : nullptr;
      from = next != nullptr ? next : member(*at, "additionalProperties");
      at = resolved(from);
    }
    if (at == nullptr) { // of the built-in definitions perhaps, which this document only refers to
      const auto reference = from != nullptr ? text_of(*from, "$ref") : std::string();
      return beside_built_in_ && reference.starts_with(kDefinitions)
                 ? built_in_keys(std::string_view(reference).substr(kDefinitions.size()), path.subspan(i + 1))
                 : std::nullopt;
    }
  }
  if (at == nullptr || text_of(*at, "x-kubernetes-patch-strategy").find("merge") == std::string::npos) {
    return std::nullopt;
  }
  std::vector<std::string_view> keys;
  if (const auto list = at->find("x-kubernetes-list-map-keys"); list != at->end() && list->is_array()) {
    for (const auto &key : *list) {
      if (key.is_string()) {
        keys.push_back(key.get_ref<const std::string &>());
      }
    }
  } else if (const auto one = at->find("x-kubernetes-patch-merge-key"); one != at->end() && one->is_string()) {
    keys.push_back(one->get_ref<const std::string &>());
  }
  return keys;
}

} // namespace ksail::manifests::kustomize
