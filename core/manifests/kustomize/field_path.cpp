// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/field_path.hpp"

#include "manifests/kustomize/field_spec.hpp"
#include "manifests/kustomize/written_yaml.hpp"
#include "manifests/yaml_parser.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace ksail::manifests::kustomize {
namespace {

std::optional<std::size_t> as_index(std::string_view part) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
  return part.empty() || error != std::errc{} || end != part.data() + part.size() ? std::nullopt : std::optional(value);
}

bool in_brackets(std::string_view part) { return part.starts_with('[') && part.ends_with(']'); }

/// "[name=web]" -> name, web
std::optional<std::pair<std::string_view, std::string_view>> condition(std::string_view part) {
  part = part.substr(1, part.size() - 2);
  const auto equal = part.find('=');
  return equal == part.npos ? std::nullopt : std::optional(std::pair{part.substr(0, equal), part.substr(equal + 1)});
}

/// kustomize looks for the pattern in the YAML of the value: quotes are a part of it.
std::string as_written(const Node &value) {
  const auto text = value.text();
  const bool simple =
      value.is_scalar() && value.style == Style::plain && value.tag != Tag::str &&
      std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || std::string_view("-_./").find(static_cast<char>(c)) != std::string_view::npos;
      });
  if (simple) {
    return std::string(text);
  }
  auto written = WrittenYaml().write(value).value_or(std::string(text));
  const auto end = written.find_last_not_of(" \t\r\n");
  written.erase(end == std::string::npos ? 0 : end + 1);
  written.erase(0, std::min(written.find_first_not_of(" \t\r\n"), written.size()));
  return written;
}

Error not_a(const char *wanted, const std::string &part) {
  return {Code::config, "`" + part + "` of the path is looked for in something that is no " + wanted};
}

/// What a part that is made has to be, by the part that follows.
NodeKind kind_before(std::span<const std::string> rest, NodeKind last) {
  if (rest.empty()) {
    return last;
  }
  return in_brackets(rest[0]) || as_index(rest[0]) ? NodeKind::sequence : NodeKind::mapping;
}

class Finder {
public:
  Finder(Arena &arena, std::optional<NodeKind> made) : arena_(arena), made_(made) {}
  std::vector<Node *> found;

  Result<void> walk(Node &node, std::span<const std::string> path) {
    if (path.empty()) {
      found.push_back(&node);
      return {};
    }
    const auto &part = path[0];
    const auto rest = path.subspan(1);
    if (const auto index = as_index(part)) {
      return element(node, *index, part, rest);
    }
    if (in_brackets(part)) {
      return elements(node, part, rest);
    }
    if (part == "*") {
      if (!node.is_sequence()) {
        return not_a("list", part);
      }
      for (Node *item : node.children()) {
        if (auto done = walk(*item, rest); !done) {
          return done;
        }
      }
      return {};
    }
    return field(node, part, rest);
  }

private:
  Result<void> element(Node &node, std::size_t index, const std::string &part, std::span<const std::string> rest) {
    if (!node.is_sequence()) {
      return not_a("list", part);
    }
    if (index == node.size && made_) {
      append(arena_, &node, make_node(arena_, kind_before(rest, *made_)));
    }
    if (index >= node.size) {
      return Error(Code::config,
                   "the path asks for the element " + part + " of a list of " + std::to_string(node.size));
    }
    return walk(*node.items[index], rest);
  }

  Result<void> elements(Node &node, const std::string &part, std::span<const std::string> rest) {
    if (!node.is_sequence()) {
      return not_a("list", part);
    }
    const auto wanted = condition(part);
    if (!wanted) {
      return Error(Code::config, "`" + part + "` of the path is not of the form [field=value]");
    }
    re2::RE2::Options quiet;
    quiet.set_log_errors(false);
    const re2::RE2 expression(re2::StringPiece(wanted->second.data(), wanted->second.size()), quiet);
    if (!expression.ok()) {
      return Error(Code::config, "`" + part + "` of the path holds no regular expression: " + expression.error());
    }
    const auto before = found.size();
    const auto search = [&]() -> Result<void> {
      for (Node *item : node.children()) {
        const Node *value = wanted->first.empty() ? item : item->find(wanted->first);
        if (value == nullptr) {
          continue;
        }
        const auto text = as_written(*value);
        if (!re2::RE2::PartialMatch(text, expression)) {
          continue;
        }
        // A path goes on in maps only.
        if (auto done = wanted->first.empty() ? walk(*item, {}) : walk(*item, rest); !done) {
          return done;
        }
      }
      return {};
    };
    if (auto done = search(); !done || found.size() > before || !made_) {
      return done;
    }
    Node *item = make_scalar(arena_, wanted->second);
    if (!wanted->first.empty()) {
      Node *map = make_node(arena_, NodeKind::mapping);
      set(arena_, *map, wanted->first, item);
      item = map;
    }
    append(arena_, &node, item);
    return search();
  }

  Result<void> field(Node &node, const std::string &part, std::span<const std::string> rest) {
    if (is_null(node)) {
      return {};
    }
    if (!node.is_mapping()) {
      return not_a("map", part);
    }
    Node *child = node.find(part);
    if (child == nullptr && !made_) {
      return {};
    }
    if (child == nullptr) {
      child = set(arena_, node, part, make_node(arena_, kind_before(rest, *made_)));
    }
    if (child->is_scalar() && !rest.empty()) {
      return inside(*child, rest);
    }
    return walk(*child, rest);
  }

  /// The text of a field as YAML. What is found there is a copy, so that changing it changes nothing, as with
  /// kustomize: paths into texts are settled before (embedded_data.hpp) where they can be.
  Result<void> inside(const Node &scalar, std::span<const std::string> rest) {
    YamlParser parser(scalar.text());
    Node *document = nullptr;
    if (parser.next(arena_, document) || document == nullptr) {
      return not_a("map", rest[0]);
    }
    return walk(*document, rest);
  }

  Arena &arena_;
  const std::optional<NodeKind> made_;
};

} // namespace

std::vector<std::string> split_field_path(std::string_view path) {
  std::vector<std::string> out;
  const auto parts = split_path(path, '.');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].starts_with('[') || parts[i].ends_with(']')) {
      out.push_back(parts[i]);
      continue;
    }
    // Dots in brackets belong to the part.
    std::string part = parts[i];
    while (!part.ends_with(']') && i + 1 < parts.size()) {
      part += "." + parts[++i];
    }
    if (part.find('=') == part.npos) {
      part.erase(0, part.find_first_not_of("[]"));
      part.erase(part.find_last_not_of("[]") + 1);
    }
    out.push_back(std::move(part));
  }
  return out;
}

std::vector<std::string> split_variable_path(std::string_view path) {
  std::vector<std::string> out;
  for (auto &part : split_field_path(path)) {
    const auto open = part.rfind('[');
    const auto index = open == part.npos || !part.ends_with(']')
                           ? std::nullopt
                           : as_index(std::string_view(part).substr(open + 1, part.size() - open - 2));
    if (!index) {
      out.push_back(std::move(part));
      continue;
    }
    if (open > 0) {
      out.push_back(part.substr(0, open));
    }
    out.push_back(std::to_string(*index));
  }
  return out;
}

Result<std::vector<Node *>> find_all(Arena &arena, Node &root, std::span<const std::string> path,
                                     std::optional<NodeKind> made) {
  Finder finder(arena, made);
  if (auto done = finder.walk(root, path); !done) {
    return done.error();
  }
  return std::move(finder.found);
}

Result<Node *> look_up(Node &root, std::span<const std::string> path) {
  Node *node = &root;
  for (const auto &part : path) {
    if (is_null(*node)) {
      return static_cast<Node *>(nullptr);
    }
    Node *next = nullptr;
    const auto index = as_index(part);
    if (index || part == "-" || in_brackets(part)) {
      if (!node->is_sequence()) {
        return not_a("list", part);
      }
      if (in_brackets(part)) {
        const auto wanted = condition(part);
        if (!wanted) {
          return Error(Code::config, "`" + part + "` of the path is not of the form [field=value]");
        }
        for (Node *item : node->children()) {
          const Node *value = wanted->first.empty() ? item : item->find(wanted->first);
          if (value != nullptr && value->is_scalar() && value->text() == wanted->second) {
            next = item;
            break;
          }
        }
      } else if (const auto at = index ? *index : node->size - 1UL; at < node->size) {
        next = node->items[at];
      }
    } else if (!node->is_mapping()) {
      return not_a("map", part);
    } else {
      next = node->find(part);
    }
    if (next == nullptr) {
      return next;
    }
    node = next;
  }
  return node;
}

} // namespace ksail::manifests::kustomize
