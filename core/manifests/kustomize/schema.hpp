// SPDX-License-Identifier: Apache-2.0
// The OpenAPI document of `openapi: {path}`: it takes the place of the built-in knowledge of which lists are merged.
#pragma once

#include "manifests/kustomize/resource.hpp"
#include "manifests/kustomize/shape.hpp"

#include <map>
#include <optional>
#include <span>

namespace ksail::manifests::kustomize {

/// Immutable once read.
class Schema {
public:
  /// JSON or YAML with `definitions`.
  static Result<Schema> read(std::string_view text, const std::string &file);
  /// Beside the built-in one instead of in its place: kustomize adds a document to what it has read already.
  void add_to_built_in() { beside_built_in_ = true; }
  /// As kustomize::merge_keys (strategic_merge.hpp).
  std::optional<std::vector<std::string_view>> merge_keys(const Gvk &gvk, std::span<const std::string_view> path) const;

private:
  const nlohmann::json *resolved(const nlohmann::json *schema) const;
  nlohmann::json document_;
  bool beside_built_in_ = false;
  std::map<std::string, std::string, std::less<>> by_type_; ///< "group\nversion\nkind" to the name of its definition
};

} // namespace ksail::manifests::kustomize
