// SPDX-License-Identifier: Apache-2.0
#include "manifests/object_builder.hpp"

#include <algorithm>

namespace ksail::manifests {
namespace {

constexpr std::size_t kShownLine = 160;

std::string_view line_of(std::string_view text, std::size_t index) {
  for (; index > 0; --index) {
    const auto newline = text.find('\n');
    if (newline == std::string_view::npos) {
      return {};
    }
    text.remove_prefix(newline + 1);
  }
  return text.substr(0, text.find('\n'));
}

bool may_hold_secret(std::string_view text) {
  for (auto at = text.find("kind"); at != std::string_view::npos; at = text.find("kind", at + 1)) {
    const auto rest = text.substr(at, 40);
    if (rest.substr(0, rest.find('\n')).find("Secret") != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

/// The line without control characters and cut to a width a terminal can show; for a Secret only up to its colon.
std::string shown(std::string_view line, bool mask) {
  std::string out;
  if (mask) {
    const auto colon = line.find(':');
    line = line.substr(0, colon == std::string_view::npos ? 0 : colon + 1);
  }
  bool cut = line.size() > kShownLine;
  line = line.substr(0, kShownLine);
  while (cut && !line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0U) == 0x80) {
    line.remove_suffix(1);
  }
  if (cut && !line.empty() && static_cast<unsigned char>(line.back()) >= 0xC0) {
    line.remove_suffix(1);
  }
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\t') {
      out += "\\t";
    } else if (c != '\r') {
      out += byte < 0x20 || byte == 0x7f ? '?' : c;
    }
  }
  if (mask) {
    out += out.empty() ? "(not shown: it may hold a secret)" : " (value not shown)";
  } else if (cut) {
    out += "...";
  }
  return out;
}

class Emitter {
public:
  Emitter(Arena &arena, const std::string &file, std::string_view text, std::size_t first_line, Numbers numbers,
          const ObjectSink &sink)
      : arena_(arena), file_(file), text_(text), first_line_(first_line), numbers_(numbers), sink_(sink) {}

  Result<void> emit(Node &node) {
    if (!node.is_mapping()) {
      return fail(node, "a manifest is a map with apiVersion, kind and metadata, and this is a " +
                            std::string(node.is_sequence() ? "list" : "single value"));
    }
    Object object;
    if (auto r = text_field(node, "kind", object.kind); r.has_error()) {
      return r;
    }
    if (auto r = text_field(node, "apiVersion", object.api_version); r.has_error()) {
      return r;
    }
    if (object.kind.ends_with("List")) {
      Node *items = node.find("items");
      if (items != nullptr && items->is_sequence()) {
        return list(*items, object);
      }
      if (items != nullptr && items->is_scalar() && items->style == Style::plain && items->text().size() < 5) {
        return {}; // "items: null": a list of nothing
      }
    }
    if (object.kind.empty() || object.api_version.empty()) {
      return fail(node, std::string(object.kind.empty() ? "kind" : "apiVersion") + " is missing");
    }
    if (auto r = metadata(node, object); r.has_error()) {
      return r;
    }
    if (auto error = write_json(node, Rules::kubectl, object.json, numbers_)) {
      return reading_error(file_, text_, first_line_, *error);
    }
    object.where = {file_, node.line, node.column};
    return sink_(std::move(object));
  }

private:
  Error fail(const Node &node, std::string message) const {
    return reading_error(file_, text_, first_line_, {node.line, node.column, std::move(message)});
  }

  Result<void> text_field(const Node &map, std::string_view name, std::string &out) const {
    const Node *found = map.find(name);
    if (found == nullptr) {
      found = merged(map, name);
    }
    if (found == nullptr) {
      return {};
    }
    if (!found->is_scalar()) {
      return fail(*found, std::string(name) + " must be a string");
    }
    const auto resolved = resolve(*found, Rules::kubectl);
    if (resolved && resolved->type == ScalarType::null) {
      return {};
    }
    if (!resolved || (resolved->type != ScalarType::string && resolved->type != ScalarType::timestamp)) {
      return fail(*found, std::string(name) + " must be a string, and " + std::string(found->text()) +
                              " is none for Kubernetes; put it in quotes");
    }
    out = found->text();
    return {};
  }

  /// A field that comes through "<<".
  static const Node *merged(const Node &map, std::string_view name) {
    const Node *from = map.find("<<");
    if (from == nullptr) {
      return nullptr;
    }
    if (from->is_mapping()) {
      return from->find(name);
    }
    for (const Node *each : from->children()) {
      if (const Node *found = each->find(name)) {
        return found;
      }
    }
    return nullptr;
  }

  Result<void> metadata(const Node &node, Object &object) const {
    const Node *metadata = node.find("metadata");
    if (metadata == nullptr) {
      metadata = merged(node, "metadata");
    }
    if (metadata == nullptr) {
      return {};
    }
    if (!metadata->is_mapping()) {
      return metadata->text().empty() ? Result<void>{} : Result<void>{fail(*metadata, "metadata must be a map")};
    }
    if (auto r = text_field(*metadata, "name", object.name); r.has_error()) {
      return r;
    }
    if (auto r = text_field(*metadata, "namespace", object.ns); r.has_error()) {
      return r;
    }
    return text_field(*metadata, "generateName", object.generate_name);
  }

  Result<void> list(const Node &items, const Object &of) {
    const std::string item_kind = of.kind == "List" ? std::string{} : of.kind.substr(0, of.kind.size() - 4);
    for (Node *item : items.children()) {
      Node *complete = item;
      if (item->is_mapping() && !item_kind.empty()) {
        // "DeploymentList" says what its items are, so they need not.
        complete = with_default(complete, "kind", item_kind);
        complete = with_default(complete, "apiVersion", of.api_version);
      }
      if (auto r = emit(*complete); r.has_error()) {
        return r;
      }
    }
    return {};
  }

  Node *with_default(Node *map, std::string_view name, std::string_view text) {
    if (map->find(name) != nullptr || text.empty()) {
      return map;
    }
    Node *copy = make_node(arena_, NodeKind::mapping);
    copy->line = map->line;
    copy->column = map->column;
    append(arena_, copy, make_scalar(arena_, name, Style::double_quoted));
    append(arena_, copy, make_scalar(arena_, text, Style::double_quoted));
    for (Node *child : map->children()) {
      append(arena_, copy, child);
    }
    return copy;
  }

  Arena &arena_;
  const std::string &file_;
  std::string_view text_;
  std::size_t first_line_;
  Numbers numbers_;
  const ObjectSink &sink_;
};

} // namespace

Error reading_error(const std::string &file, std::string_view text, std::size_t first_line, const SyntaxError &error) {
  const auto line = error.line >= first_line ? line_of(text, error.line - first_line) : std::string_view{};
  const bool left_over = error.message == kNotSeparated && !line.empty();
  std::string message = "reading " + SourceLocation{file, error.line, error.column}.describe() + ": " +
                        (left_over ? "the manifest ends before this, and nothing separates the two" : error.message);
  if (!line.empty()) {
    message += "\n  | " + shown(line, may_hold_secret(text));
  }
  std::string hint = left_over ? "put a line of three dashes (---) between manifests" : "";
  const auto indentation = line.substr(0, line.find_first_not_of(" \t"));
  if (indentation.find('\t') != std::string_view::npos) {
    hint = "YAML is indented with spaces; this line begins with a tab";
  }
  return {Code::config, std::move(message), std::move(hint)};
}

Result<void> emit_objects(Arena &arena, Node &root, const std::string &file, std::string_view text,
                          std::size_t first_line, Numbers numbers, const ObjectSink &sink) {
  return Emitter(arena, file, text, first_line, numbers, sink).emit(root);
}

} // namespace ksail::manifests
