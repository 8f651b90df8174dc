// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/embedded_data.hpp"

#include "manifests/json.hpp"
#include "manifests/kustomize/field_path.hpp"
#include "manifests/kustomize/written_yaml.hpp"
#include "manifests/yaml_writer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace ksail::manifests::kustomize {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto from = text.find_first_not_of(kSpace);
  return from == text.npos ? std::string_view{} : text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

/// Keys sorted, "<>&" escaped, as Go writes JSON.
Result<std::string> json_text(const Node &root, bool indented) {
  std::string compact;
  if (const auto error = write_json(root, Rules::kustomize, compact)) {
    return Error(Code::config, "writing JSON into a field: " + error->message);
  }
  const std::string plain = nlohmann::json::parse(compact).dump(indented ? 2 : -1);
  std::string out;
  for (const char c : plain) {
    out += c == '<' ? "\\u003c" : c == '>' ? "\\u003e" : c == '&' ? "\\u0026" : std::string(1, c);
  }
  return out;
}

/// Where the source of a plain or quoted one-line scalar ends, from its first character on.
std::size_t scalar_end(std::string_view line, std::size_t from, const Node &scalar) {
  if (scalar.style == Style::plain) {
    return from + scalar.size;
  }
  const char quote = scalar.style == Style::single_quoted ? '\'' : '"';
  std::size_t i = from + 1;
  while (i < line.size() && (line[i] != quote || (quote == '\'' && line.substr(i + 1).starts_with('\'')))) {
    i += quote == '\'' && line[i] == quote ? 2 : quote == '"' && line[i] == '\\' ? 2 : 1;
  }
  return i + 1;
}

std::string yaml_scalar(Arena &arena, const Node &old, std::string_view text) {
  if (old.style == Style::single_quoted || old.style == Style::double_quoted) {
    const bool single = old.style == Style::single_quoted;
    std::string out(1, single ? '\'' : '"');
    for (const char c : text) {
      out += single && c == '\''                  ? "''"
             : !single && (c == '"' || c == '\\') ? std::string("\\") + c
                                                  : std::string(1, c);
    }
    return out + (single ? '\'' : '"');
  }
  Node *fresh = make_scalar(arena, text);
  fresh->tag = tag_as_read(old);
  std::string out;
  return write_yaml(*fresh, Rules::kustomize, out) ? std::string(text) : std::string(trimmed(out));
}

/// A copy that has no place in any text, with the types it was read with.
Node *as_new(Arena &arena, const Node &node) {
  Node *copy = clone(arena, node);
  if (copy->is_scalar()) {
    copy->tag = tag_as_read(node);
  }
  copy->line = copy->column = 0;
  for (std::uint32_t i = 0; !copy->is_scalar() && i < copy->size; ++i) {
    copy->items[i] = as_new(arena, *copy->items[i]);
  }
  return copy;
}

/// Changes one scalar in the text of YAML, all else stays as it was written.
Result<std::string> edited_yaml(Arena &arena, std::string_view text, const Node &scalar, std::string_view value) {
  std::size_t start = 0;
  for (std::uint32_t line = 1; line < scalar.line; ++line) {
    start = text.find('\n', start) + 1;
  }
  const auto from = start + scalar.column - 1;
  const auto line_end = std::min(text.find('\n', from), text.size());
  const auto end = scalar_end(text.substr(0, line_end), from, scalar);
  if (scalar.style == Style::literal || scalar.style == Style::folded || end > line_end ||
      value.find('\n') != value.npos ||
      (scalar.style == Style::plain && text.substr(from, scalar.size) != scalar.text())) {
    return Error(Code::unimplemented, "replacing a text of several lines in the YAML of a field is not supported",
                 "write the whole field");
  }
  return std::string(text.substr(0, from)) + yaml_scalar(arena, scalar, value) + std::string(text.substr(end));
}

} // namespace

void replace_text(Arena &arena, Node &scalar, std::string_view text) {
  const auto tag = tag_as_read(scalar);
  const auto line = scalar.line;
  const auto column = scalar.column;
  assign(arena, scalar, text, tag);
  if (tag != Tag::none) { // kustomize puts the text into the node that is there
    scalar.line = line;
    scalar.column = column;
  }
}

void replace_value(Arena &arena, Node &node, const Node &value) {
  if (node.is_scalar()) {
    replace_text(arena, node, value.text());
    return;
  }
  node = *clone(arena, value);
}

Result<bool> write_into_embedded(Arena &arena, Node &root, std::span<const std::string> path,
                                 std::optional<NodeKind> made, const Node &value) {
  Node *scalar = nullptr;
  std::span<const std::string> rest;
  Node *document = nullptr;
  for (std::size_t i = 1; i < path.size() && document == nullptr; ++i) {
    auto found = look_up(root, path.first(i));
    if (!found || *found == nullptr || !(*found)->is_scalar()) {
      continue;
    }
    YamlParser parser((*found)->text());
    if (!parser.next(arena, document) && document != nullptr) {
      scalar = *found;
      rest = path.subspan(i);
    }
  }
  if (scalar == nullptr || document->is_scalar()) {
    return false;
  }
  const auto fields = find_all(arena, *document, rest, made);
  if (!fields || fields->empty()) {
    return false;
  }
  const auto text = trimmed(scalar->text());
  if (text.starts_with('{') || text.starts_with('[')) {
    for (Node *field : *fields) {
      replace_value(arena, *field, value);
    }
    const bool indented = scalar->text().find('\n') != std::string_view::npos && text.find("  ") != text.npos;
    // A text in the place of a number makes no JSON: kustomize then leaves everything as it was, and says nothing.
    if (const auto written = json_text(*document, indented)) {
      replace_text(arena, *scalar, *written);
    }
    return true;
  }
  const auto presentation = WrittenYaml::of(scalar->text());
  if (presentation && !presentation->has_comments()) {
    for (Node *field : *fields) {
      replace_value(arena, *field, field->is_scalar() ? value : *as_new(arena, value));
    }
    const auto written = presentation->write(*document);
    if (!written) {
      return Error(Code::config, "the YAML in the field cannot be written with the new value");
    }
    replace_text(arena, *scalar, trimmed(*written));
    return true;
  }
  if (fields->size() != 1 || !fields->front()->is_scalar() || fields->front()->line == 0 || !value.is_scalar()) {
    return Error(Code::unimplemented,
                 "in YAML with comments in a field only one text, number or boolean that is there can be replaced",
                 "write the whole field");
  }
  auto written = edited_yaml(arena, scalar->text(), *fields->front(), value.text());
  if (!written) {
    return written.error();
  }
  replace_text(arena, *scalar, trimmed(*written));
  return true;
}

} // namespace ksail::manifests::kustomize
