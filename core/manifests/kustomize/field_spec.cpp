// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/field_spec.hpp"

namespace ksail::manifests::kustomize {

std::vector<std::string> split_path(std::string_view path, char separator) {
  std::vector<std::string> parts;
  if (path.size() > 1 && path[0] == separator) {
    path.remove_prefix(1);
  }
  std::string part;
  for (const char c : path) {
    if (c != separator) {
      part += c;
    } else if (part.ends_with('\\')) {
      part.back() = separator;
    } else {
      parts.push_back(std::move(part));
      part.clear();
    }
  }
  parts.push_back(std::move(part));
  return parts;
}

Result<void> visit_path(Arena &arena, Node &node, std::span<const std::string> path, bool create,
                        std::optional<NodeKind> made, const Act &act) {
  if (path.empty()) {
    return act(node);
  }
  if (is_null(node)) {
    return {};
  }
  if (node.is_sequence()) {
    for (std::uint32_t i = 0; i < node.size; ++i) {
      if (auto done = visit_path(arena, *node.items[i], path, create, made, act); !done) {
        return done;
      }
    }
    return {};
  }
  if (!node.is_mapping()) {
    return Error(Code::config, "expected a list or a map before '" + path[0] + "'");
  }
  std::string_view field = path[0];
  const bool list = field.ends_with("[]");
  if (list) {
    field.remove_suffix(2);
  }
  if (field.empty()) {
    return Error(Code::config, "a path has an empty field name");
  }
  Node *child = node.find(field);
  std::optional<NodeKind> kind;
  if (create && made && !list) {
    kind = path.size() == 1 ? *made : NodeKind::mapping;
    if (child == nullptr) {
      child = make_node(arena, *kind);
      if (*kind == NodeKind::scalar) {
        child->tag = Tag::str;
      }
      set(arena, node, field, child);
    }
  } else if (list) {
    kind = NodeKind::sequence;
  }
  if (child == nullptr) {
    return {};
  }
  if (kind && is_null(*child)) {
    if (*kind == NodeKind::scalar) {
      child->tag = Tag::str; // `null` becomes the text that it is written as
    } else {
      child = set(arena, node, field, make_node(arena, *kind));
    }
  }
  return visit_path(arena, *child, path.subspan(1), create, made, act);
}

Result<void> visit(Arena &arena, Resource &resource, const FieldSpec &spec, std::optional<NodeKind> made,
                   const Act &act) {
  if (!resource.gvk().selected_by(spec.gvk())) {
    return {};
  }
  const auto path = split_path(spec.path, '/');
  auto done = visit_path(arena, *resource.root, path, spec.create, made, act);
  if (!done) {
    return std::move(done).error().in("the field " + spec.path + " of " + resource.id().text());
  }
  return {};
}

Result<void> merge_into(FieldSpecs &into, const FieldSpec &one) {
  for (const auto &known : into) {
    if (known.stands_for(one)) {
      if (known.create != one.create) {
        return Error(Code::config, "conflicting field specs for " + one.path + ": one creates it, one does not",
                     "give both the same `create`");
      }
      return {};
    }
  }
  into.push_back(one);
  return {};
}

Result<void> merge_into(FieldSpecs &into, const FieldSpecs &more) {
  for (const auto &one : more) {
    if (auto done = merge_into(into, one); !done) {
      return done;
    }
  }
  return {};
}

} // namespace ksail::manifests::kustomize
