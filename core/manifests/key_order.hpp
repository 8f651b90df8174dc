// SPDX-License-Identifier: Apache-2.0
// The order of keys in written YAML: natural, so that item2 stands before item10.
#pragma once

#include "manifests/node.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace ksail::manifests {

/// Letters by code point, other characters before letters, runs of digits by their value (go.yaml.in/yaml v2). Not
/// transitive where digits and letters follow digits (a10, a1b, a9), as there.
bool key_less(std::string_view a, std::string_view b);

struct KeyAndValue {
  const Node *key;
  const Node *value;
};
/// Sorts in place; always the same result for the same set of keys.
void sort_keys(std::span<KeyAndValue> pairs);

} // namespace ksail::manifests
