// SPDX-License-Identifier: Apache-2.0
#include "manifests/yaml_parser.hpp"

#include "manifests/flow_colon.hpp"

#include <yaml.h>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

namespace ksail::manifests {
namespace {

Style style_of(yaml_scalar_style_t style) {
  switch (style) {
  case YAML_SINGLE_QUOTED_SCALAR_STYLE:
    return Style::single_quoted;
  case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
    return Style::double_quoted;
  case YAML_LITERAL_SCALAR_STYLE:
    return Style::literal;
  case YAML_FOLDED_SCALAR_STYLE:
    return Style::folded;
  default:
    return Style::plain;
  }
}

Tag tag_of(const yaml_char_t *tag) {
  if (tag == nullptr) {
    return Tag::none;
  }
  const std::string_view text(reinterpret_cast<const char *>(tag));
  constexpr std::string_view kPrefix = "tag:yaml.org,2002:";
  if (text == "!") {
    return Tag::str; // the "non-specific" tag: whatever it looks like, it is a string
  }
  if (!text.starts_with(kPrefix)) {
    return Tag::other;
  }
  const auto name = text.substr(kPrefix.size());
  return name == "str"         ? Tag::str
         : name == "int"       ? Tag::integer
         : name == "float"     ? Tag::floating
         : name == "bool"      ? Tag::boolean
         : name == "null"      ? Tag::null
         : name == "timestamp" ? Tag::timestamp
         : name == "binary"    ? Tag::binary
         : name == "merge"     ? Tag::merge
                               : Tag::other;
}

/// Gives an event back to libyaml whatever way the reading of it ends.
struct Event {
  yaml_event_t event{};
  bool filled = false;
  ~Event() {
    if (filled) {
      yaml_event_delete(&event);
    }
  }
};

} // namespace

struct YamlParser::State {
  yaml_parser_t parser{};
  std::string_view text;
  std::size_t first_line = 1;
  bool ended = false;

  std::optional<ColonsReplaced> replaced; ///< what is read instead of the text given
  std::size_t given = 0;                  ///< documents handed out

  struct Level {
    Node *node;
    bool open_anchor;
    bool flow; ///< written with brackets
  };
  std::vector<Level> stack;
  std::unordered_map<std::string, Node *> anchors;
  std::vector<Node *> open; ///< anchored collections that are not closed yet

  void start() {
    yaml_parser_initialize(&parser);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char *>(text.data()), text.size());
  }

  void begin_document() {
    stack.clear();
    anchors.clear();
    open.clear();
  }

  /// After libyaml has refused a colon that the readers of kubectl and kustomize take: begins again with the present
  /// document. False when the error is another one.
  bool read_colons() {
    if (replaced || parser.error != YAML_SCANNER_ERROR || parser.problem == nullptr ||
        parser.problem != kRefusedColon) {
      return false;
    }
    replaced = replace_refused_colons(text);
    if (!replaced) {
      return false;
    }
    yaml_parser_delete(&parser);
    text = replaced->text;
    start();
    for (std::size_t left = given; left > 0;) {
      Event event;
      if (yaml_parser_parse(&parser, &event.event) == 0) {
        return false;
      }
      event.filled = true;
      left -= event.event.type == YAML_DOCUMENT_END_EVENT ? 1 : 0;
    }
    begin_document();
    return true;
  }

  /// Only a text without quotes can hold a colon that was replaced.
  std::string_view with_colons(std::string_view value, Style style, std::string &changed) const {
    if (!replaced || style != Style::plain || value.find(replaced->stand_in) == std::string_view::npos) {
      return value;
    }
    changed = value;
    for (std::size_t at = 0; (at = changed.find(replaced->stand_in, at)) != std::string::npos; ++at) {
      changed.replace(at, replaced->stand_in.size(), 1, ':');
    }
    return changed;
  }

  SyntaxError error_at(const yaml_mark_t &mark, std::string message) const {
    return {mark.line + first_line, mark.column + 1, std::move(message)};
  }

  SyntaxError parser_error() const {
    std::string message = parser.problem != nullptr ? parser.problem : "cannot read";
    if (parser.error == YAML_READER_ERROR) {
      if (parser.problem_value != -1) {
        constexpr std::string_view kHex = "0123456789abcdef";
        const auto value = static_cast<unsigned>(parser.problem_value);
        message += " (byte 0x";
        message += kHex[(value >> 4U) & 15U];
        message += kHex[value & 15U];
        message += ")";
      }
      // The mark is where the scanner stands, which is well before what the reader stumbled over.
      const auto before = text.substr(0, parser.problem_offset);
      const auto newline = before.rfind('\n');
      return {static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + first_line,
              before.size() - (newline == std::string_view::npos ? 0 : newline + 1) + 1, message};
    }
    if (parser.context != nullptr && *parser.context != '\0') {
      message += std::string(" ") + parser.context;
    }
    return error_at(parser.problem_mark, message);
  }

  void add(Arena &arena, Node *node, Node *&root) {
    if (stack.empty()) {
      root = node;
    } else {
      append(arena, stack.back().node, node);
    }
  }

  Node *stamp(Node *node, const yaml_mark_t &mark) const {
    node->line = static_cast<std::uint32_t>(mark.line + first_line);
    node->column = static_cast<std::uint32_t>(mark.column + 1);
    return node;
  }

  std::optional<SyntaxError> alias(Arena &arena, const yaml_event_t &event, Node *&root) {
    const std::string name(reinterpret_cast<const char *>(event.data.alias.anchor));
    const auto found = anchors.find(name);
    if (found == anchors.end()) {
      return error_at(event.start_mark, "unknown anchor '" + name + "'");
    }
    for (const Node *node : open) {
      if (node == found->second) {
        return error_at(event.start_mark, "anchor '" + name + "' contains itself");
      }
    }
    found->second->aliased = true;
    add(arena, found->second, root);
    return std::nullopt;
  }

  std::optional<SyntaxError> scalar(Arena &arena, const yaml_event_t &event, Node *&root) {
    const auto &scalar = event.data.scalar;
    const auto style = style_of(scalar.style);
    std::string changed;
    const auto value = with_colons({reinterpret_cast<const char *>(scalar.value), scalar.length}, style, changed);
    // For the readers of kubectl and kustomize a question mark ends such a text, and then a comma is missing.
    if (style == Style::plain && !stack.empty() && stack.back().flow && value.find('?') != std::string_view::npos) {
      return error_at(event.start_mark,
                      "a text with a question mark needs quotes between brackets, for kubectl and kustomize");
    }
    Node *node = make_scalar(arena, value, style, tag_of(scalar.tag));
    node->left_out =
        style == Style::plain && value.empty() && node->tag == Tag::none && !stack.empty() && stack.back().flow;
    add(arena, stamp(node, event.start_mark), root);
    if (scalar.anchor != nullptr) {
      anchors[reinterpret_cast<const char *>(scalar.anchor)] = node;
    }
    return std::nullopt;
  }

  std::optional<SyntaxError> begin(Arena &arena, Node *node, const yaml_char_t *anchor, bool flow,
                                   const yaml_mark_t &mark, Node *&root) {
    if (stack.size() >= kMaxDepth) {
      return error_at(mark, "nested deeper than " + std::to_string(kMaxDepth) + " levels");
    }
    add(arena, stamp(node, mark), root);
    if (anchor != nullptr) {
      anchors[reinterpret_cast<const char *>(anchor)] = node;
      open.push_back(node);
    }
    stack.push_back({node, anchor != nullptr, flow});
    return std::nullopt;
  }

  void end() {
    if (stack.back().open_anchor) {
      open.pop_back();
    }
    stack.pop_back();
  }
};

YamlParser::YamlParser(std::string_view text, std::size_t first_line) : state_(std::make_unique<State>()) {
  if (text.starts_with("\xEF\xBB\xBF")) {
    text.remove_prefix(3);
  }
  if (text.empty()) {
    text = ""; // libyaml takes no null pointer
  }
  state_->text = text;
  state_->first_line = first_line;
  state_->start();
}

YamlParser::~YamlParser() { yaml_parser_delete(&state_->parser); }

std::optional<SyntaxError> YamlParser::next(Arena &arena, Node *&root) {
  auto &s = *state_;
  root = nullptr;
  s.begin_document();
  while (!s.ended) {
    Event holder;
    if (yaml_parser_parse(&s.parser, &holder.event) == 0) {
      if (s.read_colons()) {
        root = nullptr;
        continue;
      }
      s.ended = true;
      return s.parser_error();
    }
    holder.filled = true;
    const auto &event = holder.event;
    std::optional<SyntaxError> error;
    switch (event.type) {
    case YAML_STREAM_END_EVENT:
      s.ended = true;
      break;
    case YAML_DOCUMENT_END_EVENT:
      ++s.given;
      return std::nullopt;
    case YAML_ALIAS_EVENT:
      error = s.alias(arena, event, root);
      break;
    case YAML_SCALAR_EVENT:
      error = s.scalar(arena, event, root);
      break;
    case YAML_SEQUENCE_START_EVENT: {
      const auto &start = event.data.sequence_start;
      error = s.begin(arena, make_node(arena, NodeKind::sequence), start.anchor,
                      start.style == YAML_FLOW_SEQUENCE_STYLE, event.start_mark, root);
      break;
    }
    case YAML_MAPPING_START_EVENT: {
      const auto &start = event.data.mapping_start;
      error = s.begin(arena, make_node(arena, NodeKind::mapping), start.anchor, start.style == YAML_FLOW_MAPPING_STYLE,
                      event.start_mark, root);
      break;
    }
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
      s.end();
      break;
    default:
      break;
    }
    if (error) {
      s.ended = true;
      return error;
    }
  }
  return std::nullopt;
}

} // namespace ksail::manifests
