// SPDX-License-Identifier: Apache-2.0
// Paths to fields as replacements and vars write them: "spec.containers.[name=web].image", "data.[a.b]", "a\.b", "a.0",
// "a.*". Source: the documentation of kustomize's replacements.
#pragma once

#include "manifests/kustomize/node_edit.hpp"

#include <ksail/sdk/result.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::manifests::kustomize {

std::vector<std::string> split_field_path(std::string_view path);
/// The same where an index may also stand in brackets behind a name: "ports[0]".
std::vector<std::string> split_variable_path(std::string_view path);

/// The one node at the path: of a list the first element that has the value, or the one at an index ("-": the last).
/// nullptr when there is none; an error where the path asks for a field of a list and the like.
Result<Node *> look_up(Node &root, std::span<const std::string> path);

/// All nodes at the path: values of lists are regular expressions, "*" is every element. With `made` what is missing on
/// the way is made, the last node of that kind. An empty list when there are none.
Result<std::vector<Node *>> find_all(Arena &arena, Node &root, std::span<const std::string> path,
                                     std::optional<NodeKind> made);

} // namespace ksail::manifests::kustomize
