// SPDX-License-Identifier: Apache-2.0
// The tree of one YAML or JSON document.
//
// A scalar keeps its text as written, its style and its explicit tag; what type it has is decided by whoever reads it
// (scalar.hpp), because kubectl (YAML 1.1) and kustomize (mostly YAML 1.2) read the same text differently.
#pragma once

#include "manifests/arena.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace ksail::manifests {

enum class NodeKind : std::uint8_t { scalar, sequence, mapping };

/// How a scalar was written. Only plain ones can be something else than a string without a tag.
enum class Style : std::uint8_t { plain, single_quoted, double_quoted, literal, folded };

/// An explicit tag; `none` leaves the type to the text. `other` is a tag nobody knows: its text stays a string.
enum class Tag : std::uint8_t { none, str, integer, floating, boolean, null, timestamp, binary, merge, other };

/// 32 bytes; lives in an Arena, as do its text and its list of children. A node may have several parents (aliases).
struct Node {
  NodeKind kind = NodeKind::scalar;
  Style style = Style::plain;
  Tag tag = Tag::none;
  bool aliased = false;   ///< reached through an alias at least once
  std::uint32_t line = 0; ///< 1-based, in the input; 0 when made by the program
  std::uint32_t column = 0;
  std::uint32_t size = 0; ///< bytes of text, or nodes in `items` (keys and values both count)
  union {
    const char *chars = nullptr;
    Node **items;
  };
  std::uint32_t capacity = 0;
  bool left_out = false; ///< a value between brackets of which nothing was written: {a: }

  std::string_view text() const { return {chars, kind == NodeKind::scalar ? size : 0}; }
  bool is_scalar() const { return kind == NodeKind::scalar; }
  bool is_sequence() const { return kind == NodeKind::sequence; }
  bool is_mapping() const { return kind == NodeKind::mapping; }
  std::span<Node *const> children() const { return {items, kind == NodeKind::scalar ? 0 : size}; }
  std::size_t pairs() const { return kind == NodeKind::mapping ? size / 2 : 0; }
  Node *key(std::size_t i) const { return items[2 * i]; }
  Node *value(std::size_t i) const { return items[2 * i + 1]; }

  /// The value of a mapping's key, by the key's text; nullptr when this is no mapping or has no such key.
  Node *find(std::string_view name) const;
  /// The text of a scalar under a key; empty when there is none.
  std::string_view find_text(std::string_view name) const;
};

Node *make_node(Arena &arena, NodeKind kind);
/// Copies `text` into the arena.
Node *make_scalar(Arena &arena, std::string_view text, Style style = Style::plain, Tag tag = Tag::none);
void append(Arena &arena, Node *parent, Node *child);

} // namespace ksail::manifests
