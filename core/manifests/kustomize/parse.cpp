// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/transformers.hpp"

#include "manifests/object_builder.hpp"
#include "manifests/yaml_parser.hpp"

#include <algorithm>
#include <deque>

namespace ksail::manifests::kustomize {
namespace {

/// A tree of its own: aliased parts copied, merge keys resolved (what stands in the map itself wins).
Node *detached(Arena &arena, const Node &node, std::size_t &budget) {
  Node *copy = make_node(arena, node.kind);
  copy->style = node.style;
  copy->tag = node.tag;
  copy->line = node.line;
  copy->column = node.column;
  if (budget == 0) {
    return copy;
  }
  --budget;
  if (node.is_scalar()) {
    copy->chars = node.chars;
    copy->size = node.size;
    copy->left_out = node.left_out;
    return copy;
  }
  if (node.is_sequence()) {
    for (const Node *item : node.children()) {
      append(arena, copy, detached(arena, *item, budget));
    }
    return copy;
  }
  std::vector<const Node *> merged;
  for (std::size_t i = 0; i < node.pairs(); ++i) {
    const Node &key = *node.key(i);
    if (key.is_scalar() && key.text() == "<<" && key.style == Style::plain) {
      const Node &from = *node.value(i);
      if (from.is_sequence()) {
        merged.insert(merged.end(), from.children().begin(), from.children().end());
      } else {
        merged.push_back(&from);
      }
      continue;
    }
    append(arena, copy, detached(arena, key, budget));
    append(arena, copy, detached(arena, *node.value(i), budget));
  }
  for (const Node *from : merged) {
    const Node *flat = detached(arena, *from, budget);
    for (std::size_t i = 0; i < flat->pairs(); ++i) {
      if (copy->find(flat->key(i)->text()) == nullptr) {
        append(arena, copy, flat->key(i));
        append(arena, copy, flat->value(i));
      }
    }
  }
  return copy;
}

bool needs_detaching(const Node &node) {
  if (node.aliased) {
    return true;
  }
  for (std::size_t i = 0; i < node.pairs(); ++i) {
    if (node.key(i)->text() == "<<") {
      return true;
    }
  }
  for (const Node *child : node.children()) {
    if (!child->is_scalar() ? needs_detaching(*child) : child->aliased) {
      return true;
    }
  }
  return false;
}

struct Part {
  std::string_view text;
  std::size_t line = 1;
};

/// Splits at lines that begin with three dashes, as kustomize does before it reads any YAML: the first line of a text
/// is none of them, nor is the one after such a line, nor one that no line break ends.
Result<std::vector<Part>> separated(std::string_view text, const std::string &file) {
  std::vector<Part> parts;
  std::size_t begin = 0;
  std::size_t line = 1;
  for (std::size_t from = 0;;) {
    const auto marker = text.find("\n---", from);
    const auto end = marker == std::string_view::npos ? marker : text.find('\n', marker + 4);
    if (end == std::string_view::npos) {
      parts.push_back({text.substr(begin), line});
      return parts;
    }
    parts.push_back({text.substr(begin, marker + 1 - begin), line});
    line += static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                                text.begin() + static_cast<std::ptrdiff_t>(marker) + 1, '\n'));
    const auto behind = text.substr(marker + 4, end - marker - 4);
    const auto content = behind.find_first_not_of(" \t\r\v\f");
    if (content != std::string_view::npos && behind[content] != '#') {
      return reading_error(file, text, 1,
                           {line, 4, "behind the three dashes between documents only a comment may stand"});
    }
    ++line;
    begin = from = end + 1;
  }
}

/// The line of what stands in a part behind its first document.
std::optional<std::size_t> left_over(YamlParser &parser) {
  Arena arena;
  Node *second = nullptr;
  const auto error = parser.next(arena, second);
  if (error) {
    return error->line;
  }
  return second == nullptr || nothing_in(second) ? std::nullopt : std::optional<std::size_t>(second->line);
}

} // namespace

Result<Resources> parse_resources(Arena &arena, Owned &owned, std::string_view text, const std::string &file,
                                  std::vector<std::string> *warnings) {
  std::deque<Node *> waiting;
  auto parts = separated(text, file);
  if (!parts) {
    return parts.error();
  }
  for (const auto &part : *parts) {
    YamlParser parser(part.text, part.line);
    Node *root = nullptr;
    if (const auto error = parser.next(arena, root)) {
      return reading_error(file, text, 1, *error);
    }
    if (root == nullptr) {
      continue;
    }
    if (warnings != nullptr) {
      if (auto line = left_over(parser)) {
        warnings->push_back(file + ":" + std::to_string(*line) +
                            ": what stands here is left out, as kustomize does: there is no line of three dashes (---) "
                            "between it and the object before");
      }
    }
    if (nothing_in(root)) {
      continue;
    }
    if (needs_detaching(*root)) {
      std::size_t budget = 1'000'000;
      root = detached(arena, *root, budget);
      if (budget == 0) {
        return reading_error(
            file, text, 1, {root->line, root->column, "the document consists mostly of aliases and would become huge"});
      }
    }
    waiting.push_back(root);
  }
  Resources result;
  while (!waiting.empty()) {
    Node *root = waiting.front();
    waiting.pop_front();
    const auto wrong = [&](std::string message) {
      return reading_error(file, text, 1, {root->line, root->column, std::move(message)});
    };
    if (!root->is_mapping()) {
      return wrong("a Kubernetes object is a map, but this is a " +
                   std::string(root->is_scalar() ? "single value" : "list"));
    }
    const auto kind = root->find_text("kind");
    if (kind.empty()) {
      return wrong("the object has no kind");
    }
    const bool list = kind.ends_with("List");
    const Node *data = root->find("metadata");
    if (!list && (data == nullptr || data->find_text("name").empty())) {
      return wrong("the " + std::string(kind) + " has no metadata.name");
    }
    Node *items = list ? root->find("items") : nullptr;
    if (items != nullptr) {
      if (!is_null(*items) && !items->is_sequence()) {
        return wrong("`items` of a " + std::string(kind) + " has to be a list");
      }
      for (Node *item : items->children()) {
        if (!nothing_in(item)) {
          waiting.push_back(item);
        }
      }
      continue;
    }
    owned.push_back(std::make_unique<Resource>());
    owned.back()->root = root;
    result.push_back(owned.back().get());
  }
  return result;
}

} // namespace ksail::manifests::kustomize
