// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/field_path.hpp"
#include "manifests/kustomize/selector.hpp"
#include "manifests/kustomize/transformers.hpp"

namespace ksail::manifests::kustomize {
namespace {

/// Puts a part into a file path at a position from 1 on; beyond its end it becomes the last one.
std::string with_part(std::string_view path, std::int64_t position, const std::string &part) {
  const bool absolute = path.starts_with('/');
  std::vector<std::string> parts;
  for (auto &one : split_path(path, '/')) {
    if (!one.empty()) {
      parts.push_back(std::move(one));
    }
  }
  const auto at = std::min<std::int64_t>(position - 1, static_cast<std::int64_t>(parts.size()));
  parts.insert(parts.begin() + at, part);
  std::string out;
  for (const auto &one : parts) {
    out += (out.empty() && !absolute ? "" : "/") + one;
  }
  return out;
}

} // namespace

Result<void> add_value(Arena &arena, Resources &resources, const std::string &value, const Json &target,
                       const std::string &where) {
  const auto field = text_of(target, "fieldPath");
  const auto position = target.value("filePathPosition", std::int64_t{0});
  if (field.empty() || position < 0) {
    return Error(Code::config, where + (field.empty() ? " has no `fieldPath`" : ": `filePathPosition` is negative"));
  }
  auto selector = Selector::make(target.value("selector", Json::object()), where);
  if (!selector) {
    return selector.error();
  }
  const auto path = split_path(field, '/');
  for (Resource *resource : resources) {
    if (!selector->matches(*resource)) {
      continue;
    }
    if (field == "metadata/namespace") {
      if (auto done = write_namespace(arena, *resource, {value, {}, false, Subjects::named_default}); !done) {
        return std::move(done).error().in(where);
      }
      continue;
    }
    auto found = find_all(arena, *resource->root, path, NodeKind::scalar);
    if (!found) {
      return std::move(found).error().in(where + ", " + resource->id().text());
    }
    for (Node *node : *found) {
      if (!node->is_scalar()) {
        return Error(Code::config, where + ": " + field + " of " + resource->id().text() + " is no single value");
      }
      // What was quoted stays so.
      assign(arena, *node, position > 0 ? with_part(node->text(), position, value) : value, Tag::none);
    }
  }
  return {};
}

} // namespace ksail::manifests::kustomize
