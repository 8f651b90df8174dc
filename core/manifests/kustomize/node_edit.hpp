// SPDX-License-Identifier: Apache-2.0
// Changing trees of nodes: what kustomize's transformers do to maps, lists and scalars.
#pragma once

#include "manifests/node.hpp"

#include <string_view>

namespace ksail::manifests::kustomize {

/// A copy that shares nothing with the original but texts.
Node *clone(Arena &arena, const Node &node);
/// Sets a key of a mapping, replacing its value where it stands or appending; gives the value.
Node *set(Arena &arena, Node &mapping, std::string_view key, Node *value);
/// Removes a key; whether it was there.
bool erase(Node &mapping, std::string_view key);
/// Removes the item at `index` of a sequence.
void erase_item(Node &sequence, std::size_t index);
void insert_item(Arena &arena, Node &sequence, std::size_t index, Node *item);

/// Gives a plain text quotes where other readers would take it for something else than a text.
void quote_if_needed(Node &scalar);
/// A scalar that is certainly a string, whatever its text; in quotes if it needs them.
Node *make_string(Arena &arena, std::string_view text);
/// A value of the data of a ConfigMap or Secret: several lines are a block, and what replaces them stays a text.
Node *make_data_text(Arena &arena, std::string_view text);
/// Replaces the text of a scalar, keeping its style; `tag` as given.
void assign(Arena &arena, Node &scalar, std::string_view text, Tag tag);

/// Made by the program without a type, which kustomize settles when it looks at the text the next time.
inline bool is_untyped(const Node &node) {
  return node.is_scalar() && node.tag == Tag::none && node.style == Style::plain && node.line == 0;
}
/// null, ~ or nothing.
bool is_null(const Node &node);
inline bool missing_or_null(const Node *node) { return node == nullptr || is_null(*node); }
/// Missing, null, {} or [].
bool nothing_in(const Node *node);
/// Equal in kind, texts and order of items; keys of mappings in any order.
bool same(const Node &a, const Node &b);

} // namespace ksail::manifests::kustomize
