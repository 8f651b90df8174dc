// SPDX-License-Identifier: Apache-2.0
// Strategic merge as kustomize does it, which differs from kubectl and the API server in several points.
#pragma once

#include "manifests/kustomize/schema.hpp"

#include <ksail/sdk/result.hpp>

#include <optional>
#include <span>

namespace ksail::manifests::kustomize {

/// What identifies the elements of a list that is merged and not replaced: keys, or nothing for a set of scalars.
/// nullopt: the list is replaced. `path` is made of field names, lists passed through. Source: the OpenAPI document of
/// Kubernetes 1.21.2, which kustomize carries.
std::optional<std::vector<std::string_view>> merge_keys(const Gvk &gvk, std::span<const std::string_view> path);

/// Merges `patch` into `target` (both are changed); nullptr when the patch deletes the whole object.
/// `schema` takes the place of merge_keys() where it is not nullptr.
Result<Node *> strategic_merge(Arena &arena, const Gvk &gvk, Node *target, Node *patch, const Schema *schema);

} // namespace ksail::manifests::kustomize
