// SPDX-License-Identifier: Apache-2.0
// JSON Patch (RFC 6902) on trees of nodes.
#pragma once

#include "manifests/node.hpp"

#include <ksail/sdk/result.hpp>
#include <nlohmann/json.hpp>

namespace ksail::manifests::kustomize {

/// Applies the operations in order; the first that fails ends it.
Result<void> apply_json_patch(Arena &arena, Node &root, const nlohmann::json &operations);
/// Whether this is a list of operations.
bool is_json_patch(const nlohmann::json &value);

} // namespace ksail::manifests::kustomize
