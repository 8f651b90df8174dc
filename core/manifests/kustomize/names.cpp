// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/default_fields.hpp"
#include "manifests/kustomize/transformers.hpp"

#include <unordered_set>

namespace ksail::manifests::kustomize {
namespace {

/// Kinds whose names mean something by themselves.
bool keeps_name(const Gvk &gvk) {
  return gvk.kind == "CustomResourceDefinition" || gvk.kind == "Namespace" ||
         (gvk.kind == "APIService" && gvk.group == "apiregistration.k8s.io");
}

/// Subjects named `default` mean the account every namespace has.
void move_default_subjects(Arena &arena, Node &root, std::string_view ns) {
  Node *subjects = root.find("subjects");
  if (subjects == nullptr || !subjects->is_sequence()) {
    return;
  }
  for (Node *subject : subjects->children()) {
    if (subject->is_mapping() && subject->find_text("name") == "default") {
      set(arena, *subject, "namespace", make_string(arena, ns));
    }
  }
}

} // namespace

Result<void> set_namespace(Arena &arena, Resources &resources, const std::string &ns) {
  for (Resource *resource : resources) {
    if (resource->helm_generated) {
      continue;
    }
    resource->remember_id();
    const Gvk gvk = resource->gvk();
    if (!is_cluster_scoped(gvk)) {
      Node *data = resource->metadata();
      if (missing_or_null(data)) {
        data = set(arena, *resource->root, "metadata", make_node(arena, NodeKind::mapping));
      }
      set(arena, *data, "namespace", make_string(arena, ns));
    }
    if (gvk.kind == "RoleBinding" || gvk.kind == "ClusterRoleBinding") {
      move_default_subjects(arena, *resource->root, ns);
    }
    for (const auto &field : namespace_fields()) {
      if (field.kind == "Namespace" && resource->root->find_text("apiVersion") != "v1") {
        continue;
      }
      const Act act = [&](Node &node) -> Result<void> {
        if (!node.is_scalar()) {
          return Error(Code::config, "a namespace has to be a string");
        }
        assign(arena, node, ns, Tag::str);
        return {};
      };
      if (auto done = visit(arena, *resource, field, NodeKind::scalar, act); !done) {
        return std::move(done).error().in("setting the namespace " + ns);
      }
    }
  }
  std::unordered_set<std::string> seen;
  for (const Resource *resource : resources) {
    if (!seen.insert(resource->id().key()).second) {
      return Error(Code::config, "setting the namespace " + ns + " makes two objects one: " + resource->id().text(),
                   "rename one of them, or keep them in kustomizations of their own");
    }
  }
  return {};
}

Result<void> add_prefix(Arena &arena, Resources &resources, const std::string &prefix) {
  const auto copy = arena.copy(prefix);
  for (Resource *resource : resources) {
    if (keeps_name(resource->original_id().gvk)) {
      continue;
    }
    resource->prefixes.push_back(copy);
    resource->remember_id();
    resource->set_name(arena, prefix + std::string(resource->name()));
  }
  return {};
}

Result<void> add_suffix(Arena &arena, Resources &resources, const std::string &suffix) {
  const auto copy = arena.copy(suffix);
  for (Resource *resource : resources) {
    if (keeps_name(resource->original_id().gvk)) {
      continue;
    }
    resource->suffixes.push_back(copy);
    resource->remember_id();
    resource->set_name(arena, std::string(resource->name()) + suffix);
  }
  return {};
}

} // namespace ksail::manifests::kustomize
