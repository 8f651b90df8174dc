// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/transformers.hpp"

namespace ksail::manifests::kustomize {
namespace {

/// Kinds whose names mean something by themselves.
bool keeps_name(const Gvk &gvk) {
  return gvk.kind == "CustomResourceDefinition" || gvk.kind == "Namespace" ||
         (gvk.kind == "APIService" && gvk.group == "apiregistration.k8s.io");
}

Result<void> assign_text(Arena &arena, Node &node, std::string_view text, Tag tag) {
  if (!node.is_scalar()) {
    return Error(Code::config, "names and namespaces are strings, but something else stands there");
  }
  assign(arena, node, text, tag);
  return {};
}

/// Subjects named `default` mean the account every namespace has; those of the build follow as references by name.
Result<void> move_subjects(Arena &arena, Node &root, const NamespaceChange &change) {
  Node *subjects = root.find("subjects");
  if (missing_or_null(subjects) || change.subjects == Subjects::none) {
    return {};
  }
  if (!subjects->is_sequence()) {
    return Error(Code::config, "`subjects` of a binding is a list, but something else stands there");
  }
  for (Node *subject : subjects->children()) {
    const bool meant = change.subjects == Subjects::named_default ? subject->find_text("name") == "default"
                                                                  : subject->find_text("kind") == "ServiceAccount";
    if (!subject->is_mapping() && !is_null(*subject)) {
      return Error(Code::config, "a subject of a binding is a map, but something else stands there");
    }
    if (!subject->is_mapping() || !meant || (change.only_where_unset && !subject->find_text("namespace").empty())) {
      continue;
    }
    set(arena, *subject, "namespace", make_string(arena, change.ns));
  }
  return {};
}

/// Fields of whose meaning the transformer has ideas of its own.
bool is_special(const FieldSpec &field, const Resource &resource) {
  return field.path == "metadata/namespace" ||
         (field.path == "metadata/name" && resource.root->find_text("apiVersion") != "v1") ||
         (field.path == "subjects/namespace" && (field.kind == "RoleBinding" || field.kind == "ClusterRoleBinding"));
}

/// A prefix or suffix of the names of objects, and of what other fields are names.
Result<void> rename(Arena &arena, Resources &resources, const FieldSpecs &fields,
                    std::vector<std::string_view> Resource::*affixes, std::string_view affix,
                    const std::function<std::string(std::string_view)> &renamed) {
  for (Resource *resource : resources) {
    const ResId original = resource->original_id();
    if (keeps_name(original.gvk)) {
      continue;
    }
    for (const auto &field : fields) {
      if (!original.gvk.selected_by(field.gvk())) {
        continue;
      }
      if (field.path == "metadata/name") {
        if (!affix.empty()) {
          (resource->*affixes).push_back(affix);
          resource->remember_id();
          if (!resource->name().empty()) { // a patch or a replacement may have taken it away
            resource->set_name(arena, renamed(resource->name()));
          }
        }
        continue;
      }
      // A name has no type of its own: what looks like a number is one.
      const Act act = [&](Node &node) { return assign_text(arena, node, renamed(node.text()), Tag::none); };
      if (auto done = visit(arena, *resource, field, NodeKind::scalar, act); !done) {
        return done;
      }
    }
  }
  return {};
}

} // namespace

Result<void> write_namespace(Arena &arena, Resource &resource, const NamespaceChange &change) {
  if (!is_cluster_scoped(resource.gvk()) && !(change.only_where_unset && !resource.ns().empty())) {
    Node *data = resource.metadata();
    if (missing_or_null(data)) {
      data = set(arena, *resource.root, "metadata", make_node(arena, NodeKind::mapping));
    }
    if (const Node *there = data->find("namespace"); there != nullptr && !there->is_scalar()) {
      return Error(Code::config,
                   "the namespace of " + resource.id().text() + " is a string, but something else stands there");
    }
    set(arena, *data, "namespace", make_string(arena, change.ns));
  }
  if (resource.kind() == "RoleBinding" || resource.kind() == "ClusterRoleBinding") {
    if (auto done = move_subjects(arena, *resource.root, change); !done) {
      return done;
    }
  }
  const Act act = [&](Node &node) {
    const bool keep = change.only_where_unset && node.is_scalar() && !node.text().empty() && !is_null(node);
    return keep ? Result<void>() : assign_text(arena, node, change.ns, Tag::str);
  };
  for (const auto &field : change.fields) {
    if (is_special(field, resource)) {
      continue;
    }
    if (auto done = visit(arena, resource, field, NodeKind::scalar, act); !done) {
      return done;
    }
  }
  return {};
}

Result<void> set_namespace(Arena &arena, Resources &resources, const NamespaceChange &change) {
  if (change.ns.empty()) {
    return {};
  }
  for (Resource *resource : resources) {
    if (resource->helm_generated) {
      continue;
    }
    resource->remember_id();
    if (auto done = write_namespace(arena, *resource, change); !done) {
      return std::move(done).error().in("setting the namespace " + change.ns);
    }
  }
  if (const Resource *second = with_id_of_another(resources)) {
    return Error(Code::config, "setting the namespace " + change.ns + " makes two objects one: " + second->id().text(),
                 "rename one of them, or keep them in kustomizations of their own");
  }
  return {};
}

Result<void> add_prefix(Arena &arena, Resources &resources, const std::string &prefix, const FieldSpecs &fields) {
  return rename(arena, resources, fields, &Resource::prefixes, arena.copy(prefix),
                [&](std::string_view name) { return prefix + std::string(name); });
}

Result<void> add_suffix(Arena &arena, Resources &resources, const std::string &suffix, const FieldSpecs &fields) {
  return rename(arena, resources, fields, &Resource::suffixes, arena.copy(suffix),
                [&](std::string_view name) { return std::string(name) + suffix; });
}

} // namespace ksail::manifests::kustomize
