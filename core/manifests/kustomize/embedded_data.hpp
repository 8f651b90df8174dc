// SPDX-License-Identifier: Apache-2.0
// Values written into fields, and into JSON or YAML that is the text of a field.
#pragma once

#include "manifests/kustomize/node_edit.hpp"

#include <ksail/sdk/result.hpp>

#include <optional>
#include <span>
#include <string>

namespace ksail::manifests::kustomize {

/// Another text for a scalar, which keeps its type: "8080" in place of a number is a number, in place of a string one.
void replace_text(Arena &arena, Node &scalar, std::string_view text);
/// A scalar gets the text of `value`, anything else becomes a copy of it.
void replace_value(Arena &arena, Node &node, const Node &value);

/// Where the path goes on below a scalar whose text is JSON or YAML: changes that text, and keeps how it was written
/// (JSON on one line or indented, YAML). false: there is no such scalar on the path, or nothing at the rest of it.
Result<bool> write_into_embedded(Arena &arena, Node &root, std::span<const std::string> path,
                                 std::optional<NodeKind> made, const Node &value);

} // namespace ksail::manifests::kustomize
