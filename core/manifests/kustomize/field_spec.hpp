// SPDX-License-Identifier: Apache-2.0
// Where in an object of which kind something stands, and the walk that finds it.
#pragma once

#include "manifests/kustomize/resource.hpp"

#include <ksail/sdk/result.hpp>

#include <functional>
#include <optional>

namespace ksail::manifests::kustomize {

struct FieldSpec {
  std::string group, version, kind; ///< empty: any
  std::string path;                 ///< "spec/template/metadata/labels"; "containers[]" must be a list; "\/" is a slash
  bool create = false;              ///< make what is missing on the way
  Gvk gvk() const { return {group, version, kind}; }
  /// Whether an entry like `other` adds nothing to this one: kustomize takes it as the same where this one's kinds are
  /// among those of `other`, although `other` means more.
  bool stands_for(const FieldSpec &other) const { return path == other.path && gvk().selected_by(other.gvk()); }
};
using FieldSpecs = std::vector<FieldSpec>;

/// The parts of a path, with "\/" resolved.
std::vector<std::string> split_path(std::string_view path, char separator);

/// Calls `act` with every node the spec leads to in the object, walking through lists. `made` is the kind of a node
/// that `create` has to make at the end; nothing is made without it. An error names field and object.
using Act = std::function<Result<void>(Node &)>;
Result<void> visit(Arena &arena, Resource &resource, const FieldSpec &spec, std::optional<NodeKind> made,
                   const Act &act);
/// The same below any node, whatever the kind of the object.
Result<void> visit_path(Arena &arena, Node &node, std::span<const std::string> path, bool create,
                        std::optional<NodeKind> made, const Act &act);

/// The union of two lists; the same place with another `create` is an error.
Result<void> merge_into(FieldSpecs &into, const FieldSpecs &more);
Result<void> merge_into(FieldSpecs &into, const FieldSpec &one);

} // namespace ksail::manifests::kustomize
