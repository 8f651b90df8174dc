// SPDX-License-Identifier: Apache-2.0
#include "manifests/node.hpp"

#include <algorithm>
#include <new>

namespace ksail::manifests {

Node *Node::find(std::string_view name) const {
  for (std::size_t i = 0; i < pairs(); ++i) {
    if (key(i)->is_scalar() && key(i)->text() == name) {
      return value(i);
    }
  }
  return nullptr;
}

std::string_view Node::find_text(std::string_view name) const {
  const Node *found = find(name);
  return found != nullptr ? found->text() : std::string_view{};
}

Node *make_node(Arena &arena, NodeKind kind) {
  Node *node = new (arena.allocate(sizeof(Node))) Node;
  node->kind = kind;
  return node;
}

Node *make_scalar(Arena &arena, std::string_view text, Style style, Tag tag) {
  Node *node = make_node(arena, NodeKind::scalar);
  const auto copy = arena.copy(text);
  node->chars = copy.data();
  node->size = static_cast<std::uint32_t>(copy.size());
  node->style = style;
  node->tag = tag;
  return node;
}

void append(Arena &arena, Node *parent, Node *child) {
  if (parent->size == parent->capacity) {
    const std::uint32_t capacity = parent->capacity == 0 ? 8 : parent->capacity * 2;
    Node **grown = arena.array<Node *>(capacity);
    std::copy_n(parent->items, parent->size, grown);
    parent->items = grown;
    parent->capacity = capacity;
  }
  parent->items[parent->size++] = child;
}

} // namespace ksail::manifests
