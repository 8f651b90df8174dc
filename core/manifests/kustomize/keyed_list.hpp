// SPDX-License-Identifier: Apache-2.0
// Lists whose elements are told apart by the values of some of their fields: containers by name, ports by number and
// protocol. With all the peculiarities kustomize 5.8.1 has where an element lacks one of the fields.
#pragma once

#include "manifests/kustomize/node_edit.hpp"

#include <string_view>
#include <vector>

namespace ksail::manifests::kustomize {

using KeyNames = std::vector<std::string_view>;
using KeyValues = std::vector<std::string_view>; ///< one per key, empty where an element has none

KeyValues key_values(const Node &element, const KeyNames &keys);

/// What identifies the elements of several lists, each once and in order. Where there are several keys, elements that
/// agree in one and of which one lacks the other count as the same.
std::vector<KeyValues> identities(std::span<const Node *const> lists, const KeyNames &keys);

/// Those keys that any identity has a value for; all when none has.
KeyNames used_keys(const std::vector<KeyValues> &identities, const KeyNames &keys);
/// The values of those keys.
KeyValues used_values(const KeyValues &identity, const KeyNames &keys, const KeyNames &used);

/// The first element that has all the values which are not empty.
Node *find_element(std::span<Node *const> elements, const KeyNames &keys, const KeyValues &values);

/// Puts `element` in the place of every element with the values, or at the end when there is none; nullptr takes them
/// out. A value that is empty stands for any. Empty elements go.
void put_element(std::vector<Node *> &elements, Node *element, const KeyNames &keys, const KeyValues &values);

/// Puts an element in by its own values.
void put_by_own_values(std::vector<Node *> &elements, Node *element, const KeyNames &keys);

} // namespace ksail::manifests::kustomize
