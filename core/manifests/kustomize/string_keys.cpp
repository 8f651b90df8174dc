// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/string_keys.hpp"

#include "manifests/scalar.hpp"

namespace ksail::manifests::kustomize {
namespace {

/// The first key that is no string; nullptr when all are.
const Node *other_key(const Node &node) {
  for (std::size_t i = 0; i < node.pairs(); ++i) {
    const Node &key = *node.key(i);
    if (!key.is_scalar()) {
      return &key;
    }
    const auto text = key.text();
    // Nearly every key begins with a letter that no other type begins with.
    const bool may_be = text.empty() || std::string_view("0123456789+-.~tTfFnN").find(text[0]) != text.npos;
    if (may_be && key.style == Style::plain) {
      const auto resolved = resolve(key, Rules::kustomize);
      if (!resolved || resolved->type != ScalarType::string) {
        return &key;
      }
    }
  }
  for (std::size_t i = 0; i < node.size && !node.is_scalar(); ++i) {
    if (node.items[i]->is_scalar()) {
      continue;
    }
    if (const Node *found = other_key(*node.items[i])) {
      return found;
    }
  }
  return nullptr;
}

} // namespace

Result<void> require_string_keys(const Node &object) {
  const Node *key = other_key(object);
  if (key == nullptr) {
    return {};
  }
  const Node *data = object.find("metadata");
  return Error(Code::config,
               "the " + std::string(object.find_text("kind")) + " " +
                   std::string(data != nullptr ? data->find_text("name") : "") + " has the key `" +
                   std::string(key->text()) + "`, which is no string for kustomize",
               "put it in quotes; where kustomize makes the key itself (labels, generators), choose another one");
}

void quote_keys(Node &node) {
  for (std::size_t i = 0; i < node.pairs(); ++i) {
    if (Node &key = *node.key(i); key.is_scalar() && key.style == Style::plain) {
      key.style = Style::double_quoted;
    }
  }
  for (std::size_t i = 0; i < node.size && !node.is_scalar(); ++i) {
    if (!node.items[i]->is_scalar()) {
      quote_keys(*node.items[i]);
    }
  }
}

} // namespace ksail::manifests::kustomize
