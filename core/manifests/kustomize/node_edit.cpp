// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/node_edit.hpp"

#include "manifests/scalar.hpp"

#include <algorithm>

namespace ksail::manifests::kustomize {

Node *clone(Arena &arena, const Node &node) {
  Node *copy = make_node(arena, node.kind);
  copy->style = node.style;
  copy->tag = node.tag;
  copy->line = node.line;
  copy->column = node.column;
  copy->size = node.size;
  if (node.is_scalar()) {
    copy->chars = node.chars;
    copy->left_out = node.left_out;
    return copy;
  }
  copy->capacity = node.size;
  copy->items = arena.array<Node *>(node.size);
  for (std::uint32_t i = 0; i < node.size; ++i) {
    copy->items[i] = clone(arena, *node.items[i]);
  }
  return copy;
}

Node *set(Arena &arena, Node &mapping, std::string_view key, Node *value) {
  for (std::size_t i = 0; i < mapping.pairs(); ++i) {
    if (mapping.key(i)->is_scalar() && mapping.key(i)->text() == key) {
      mapping.items[2 * i + 1] = value;
      return value;
    }
  }
  append(arena, &mapping, make_scalar(arena, key)); // without a tag: kustomize writes it plain
  append(arena, &mapping, value);
  return value;
}

bool erase(Node &mapping, std::string_view key) {
  for (std::size_t i = 0; i < mapping.pairs(); ++i) {
    if (mapping.key(i)->is_scalar() && mapping.key(i)->text() == key) {
      std::copy(mapping.items + 2 * i + 2, mapping.items + mapping.size, mapping.items + 2 * i);
      mapping.size -= 2;
      return true;
    }
  }
  return false;
}

void erase_item(Node &sequence, std::size_t index) {
  std::copy(sequence.items + index + 1, sequence.items + sequence.size, sequence.items + index);
  --sequence.size;
}

void insert_item(Arena &arena, Node &sequence, std::size_t index, Node *item) {
  append(arena, &sequence, item);
  std::copy_backward(sequence.items + index, sequence.items + sequence.size - 1, sequence.items + sequence.size);
  sequence.items[index] = item;
}

void quote_if_needed(Node &scalar) {
  if (scalar.style != Style::plain || scalar.text().empty()) {
    return;
  }
  const auto type = resolve(scalar.text(), Rules::kubectl).type;
  if (type != ScalarType::string && type != ScalarType::timestamp) {
    scalar.style = Style::double_quoted;
  }
}

Node *make_string(Arena &arena, std::string_view text) {
  Node *node = make_scalar(arena, text, Style::plain, Tag::str);
  quote_if_needed(*node);
  return node;
}

Node *make_data_text(Arena &arena, std::string_view text) {
  return text.find('\n') == text.npos ? make_string(arena, text) : make_scalar(arena, text, Style::literal, Tag::str);
}

void assign(Arena &arena, Node &scalar, std::string_view text, Tag tag) {
  const auto copy = arena.copy(text);
  scalar.chars = copy.data();
  scalar.size = static_cast<std::uint32_t>(copy.size());
  scalar.tag = tag;
  scalar.left_out = false;
  scalar.line = scalar.column = 0; // from here on it is one that the program made
}

bool is_null(const Node &node) {
  if (!node.is_scalar() || (node.tag == Tag::none && node.style != Style::plain) ||
      (node.tag != Tag::none && node.tag != Tag::null)) {
    return false;
  }
  const auto text = node.text();
  return node.tag == Tag::null || text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

bool nothing_in(const Node *node) {
  return node == nullptr || is_null(*node) || (!node->is_scalar() && node->size == 0);
}

bool same(const Node &a, const Node &b) {
  if (a.kind != b.kind || a.size != b.size) {
    return false;
  }
  if (a.is_scalar()) {
    return a.text() == b.text();
  }
  if (a.is_sequence()) {
    return std::equal(a.items, a.items + a.size, b.items, [](const Node *x, const Node *y) { return same(*x, *y); });
  }
  for (std::size_t i = 0; i < a.pairs(); ++i) {
    const Node *other = b.find(a.key(i)->text());
    if (other == nullptr || !same(*a.value(i), *other)) {
      return false;
    }
  }
  return true;
}

} // namespace ksail::manifests::kustomize
