// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/written_yaml.hpp"

#include "manifests/scalar.hpp"

#include <yaml.h>

#include <algorithm>
#include <set>

namespace ksail::manifests::kustomize {
namespace {

const yaml_char_t *bytes(const std::string &text) {
  return text.empty() ? nullptr : reinterpret_cast<const yaml_char_t *>(text.c_str());
}

std::string text_or_empty(const yaml_char_t *text) {
  return text == nullptr ? std::string() : std::string(reinterpret_cast<const char *>(text));
}

Tag tag_of_text(std::string_view text) {
  if (text == "<<") {
    return Tag::merge;
  }
  switch (resolve(text, Rules::kustomize).type) {
  case ScalarType::boolean:
    return Tag::boolean;
  case ScalarType::integer:
  case ScalarType::unsigned_integer:
    return Tag::integer;
  case ScalarType::floating:
    return Tag::floating;
  case ScalarType::timestamp:
    return Tag::timestamp;
  case ScalarType::null:
    return Tag::null;
  case ScalarType::merge:
    return Tag::merge;
  case ScalarType::string:
    break;
  }
  return Tag::str;
}

const char *long_name(Tag tag) {
  switch (tag) {
  case Tag::str:
    return YAML_STR_TAG;
  case Tag::integer:
    return YAML_INT_TAG;
  case Tag::floating:
    return YAML_FLOAT_TAG;
  case Tag::boolean:
    return YAML_BOOL_TAG;
  case Tag::null:
    return YAML_NULL_TAG;
  case Tag::timestamp:
    return YAML_TIMESTAMP_TAG;
  case Tag::binary:
    return "tag:yaml.org,2002:binary";
  case Tag::merge:
    return "tag:yaml.org,2002:merge";
  case Tag::none:
  case Tag::other:
    break;
  }
  return "";
}

/// What stands between two events are indicators, blanks and comments.
bool comment_in(std::string_view gap, bool begins_line) {
  for (std::size_t i = 0; i < gap.size(); ++i) {
    const bool free = i == 0 ? begins_line : std::string_view(" \t\r\n").find(gap[i - 1]) != std::string_view::npos;
    if (gap[i] == '#' && free) {
      return true;
    }
  }
  return false;
}

} // namespace

Tag tag_as_read(const Node &scalar) {
  if (scalar.tag != Tag::none || (scalar.line == 0 && scalar.style == Style::plain)) {
    return scalar.tag; // kustomize gives no type to the scalars it makes: theirs is that of the next text
  }
  if (scalar.style != Style::plain) {
    return Tag::str;
  }
  const auto tag = tag_of_text(scalar.text());
  return tag == Tag::null && scalar.chars == nullptr ? Tag::none : tag;
}

std::optional<WrittenYaml> WrittenYaml::of(std::string_view text) {
  WrittenYaml written;
  yaml_parser_t parser;
  yaml_parser_initialize(&parser);
  yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char *>(text.data()), text.size());
  // Marks count characters, not bytes.
  std::size_t byte = 0;
  std::size_t character = 0;
  const auto byte_of = [&](std::size_t wanted) {
    while (character < wanted && byte < text.size()) {
      ++byte;
      while (byte < text.size() && (static_cast<unsigned char>(text[byte]) & 0xC0U) == 0x80) {
        ++byte;
      }
      ++character;
    }
    return byte;
  };
  bool good = true;
  std::size_t last = 0;
  for (bool more = true; more && good;) {
    yaml_event_t event;
    if (yaml_parser_parse(&parser, &event) == 0) {
      good = false;
      break;
    }
    const auto begin = byte_of(event.start_mark.index);
    if (begin > last) {
      written.has_comments_ |=
          comment_in(text.substr(last, begin - last), last == 0 || text[last - 1] == '\n' || text[last - 1] == ' ');
    }
    const auto place = [&](NodeKind kind) {
      return Place{static_cast<std::uint32_t>(event.start_mark.line + 1),
                   static_cast<std::uint32_t>(event.start_mark.column + 1), kind};
    };
    switch (event.type) {
    case YAML_SCALAR_EVENT:
      written.parts_.emplace(place(NodeKind::scalar), Part{false, text_or_empty(event.data.scalar.anchor),
                                                           text_or_empty(event.data.scalar.tag)});
      last = std::max(last, byte_of(event.end_mark.index));
      break;
    case YAML_SEQUENCE_START_EVENT: {
      const auto &start = event.data.sequence_start;
      written.parts_.emplace(place(NodeKind::sequence), Part{start.style == YAML_FLOW_SEQUENCE_STYLE,
                                                             text_or_empty(start.anchor), text_or_empty(start.tag)});
      break;
    }
    case YAML_MAPPING_START_EVENT: {
      const auto &start = event.data.mapping_start;
      written.parts_.emplace(place(NodeKind::mapping), Part{start.style == YAML_FLOW_MAPPING_STYLE,
                                                            text_or_empty(start.anchor), text_or_empty(start.tag)});
      break;
    }
    case YAML_ALIAS_EVENT:
      last = std::max(last, byte_of(event.end_mark.index));
      break;
    case YAML_DOCUMENT_END_EVENT:
    case YAML_STREAM_END_EVENT:
      more = false; // one document is read, as kustomize does
      written.has_comments_ |= comment_in(text.substr(last), last == 0 || text[last - 1] == '\n');
      break;
    default:
      break;
    }
    yaml_event_delete(&event);
  }
  yaml_parser_delete(&parser);
  return good ? std::optional(std::move(written)) : std::nullopt;
}

class WrittenYamlEmitter {
public:
  explicit WrittenYamlEmitter(const WrittenYaml &written) : written_(written) {
    yaml_emitter_initialize(&emitter_);
    yaml_emitter_set_encoding(&emitter_, YAML_UTF8_ENCODING);
    yaml_emitter_set_unicode(&emitter_, 1);
    yaml_emitter_set_indent(&emitter_, 2);
    yaml_emitter_set_width(&emitter_, -1);
    yaml_emitter_set_output(&emitter_, &WrittenYamlEmitter::take, &out_);
  }
  ~WrittenYamlEmitter() { yaml_emitter_delete(&emitter_); }
  WrittenYamlEmitter(const WrittenYamlEmitter &) = delete;
  WrittenYamlEmitter &operator=(const WrittenYamlEmitter &) = delete;

  std::optional<std::string> document(const Node &root) {
    yaml_event_t event;
    const bool done = yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) != 0 && emit(event) &&
                      yaml_document_start_event_initialize(&event, nullptr, nullptr, nullptr, 1) != 0 && emit(event) &&
                      node(root) && yaml_document_end_event_initialize(&event, 1) != 0 && emit(event) &&
                      yaml_emitter_flush(&emitter_) != 0; // the stream's end would add "..." behind an open block
    return done ? std::optional(out_) : std::nullopt;
  }

private:
  static int take(void *to, unsigned char *buffer, std::size_t size) {
    static_cast<std::string *>(to)->append(reinterpret_cast<const char *>(buffer), size);
    return 1;
  }

  /// The emitter owns the event from here on.
  bool emit(yaml_event_t &event) { return yaml_emitter_emit(&emitter_, &event) != 0; }

  bool node(const Node &node) {
    const auto found = written_.parts_.find({node.line, node.column, node.kind});
    static const WrittenYaml::Part kNew;
    const auto &part = node.line == 0 || found == written_.parts_.end() ? kNew : found->second;
    yaml_event_t event;
    if (!part.anchor.empty() && !anchored_.insert(&node).second) {
      return yaml_alias_event_initialize(&event, bytes(part.anchor)) != 0 && emit(event);
    }
    switch (node.kind) {
    case NodeKind::scalar:
      return scalar(node, part);
    case NodeKind::sequence:
      if (yaml_sequence_start_event_initialize(&event, bytes(part.anchor), bytes(part.tag), part.tag.empty() ? 1 : 0,
                                               part.flow ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE) == 0 ||
          !emit(event) || !children(node)) {
        return false;
      }
      return yaml_sequence_end_event_initialize(&event) != 0 && emit(event);
    case NodeKind::mapping:
      if (yaml_mapping_start_event_initialize(&event, bytes(part.anchor), bytes(part.tag), part.tag.empty() ? 1 : 0,
                                              part.flow ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE) == 0 ||
          !emit(event) || !children(node)) {
        return false;
      }
      return yaml_mapping_end_event_initialize(&event) != 0 && emit(event);
    }
    return false;
  }

  bool children(const Node &parent) {
    for (const Node *child : parent.children()) {
      if (!node(*child)) {
        return false;
      }
    }
    return true;
  }

  bool scalar(const Node &scalar, const WrittenYaml::Part &part) {
    std::string tag = part.tag;
    bool quoted = false;
    if (tag.empty()) {
      const auto kept = tag_as_read(scalar);
      const bool as_string = kept == Tag::str && scalar.style != Style::plain;
      if (kept == Tag::merge) {
        tag = long_name(kept); // which Go's emitter always writes out
      } else if (kept != Tag::none && kept != Tag::other && !as_string && kept != tag_of_text(scalar.text())) {
        quoted = kept == Tag::str;
        tag = quoted ? "" : long_name(kept);
      }
    }
    const bool several_lines = scalar.text().find('\n') != std::string_view::npos;
    const auto style = scalar.style == Style::double_quoted   ? YAML_DOUBLE_QUOTED_SCALAR_STYLE
                       : scalar.style == Style::single_quoted ? YAML_SINGLE_QUOTED_SCALAR_STYLE
                       : scalar.style == Style::literal       ? YAML_LITERAL_SCALAR_STYLE
                       : scalar.style == Style::folded        ? YAML_FOLDED_SCALAR_STYLE
                       : several_lines                        ? YAML_LITERAL_SCALAR_STYLE
                       : quoted                               ? YAML_DOUBLE_QUOTED_SCALAR_STYLE
                                                              : YAML_PLAIN_SCALAR_STYLE;
    const int implicit = tag.empty() ? 1 : 0;
    static const char kEmpty[] = "";
    yaml_event_t event;
    return yaml_scalar_event_initialize(&event, bytes(part.anchor), bytes(tag),
                                        reinterpret_cast<const yaml_char_t *>(scalar.size == 0 ? kEmpty : scalar.chars),
                                        static_cast<int>(scalar.size), implicit, implicit, style) != 0 &&
           emit(event);
  }

  const WrittenYaml &written_;
  yaml_emitter_t emitter_{};
  std::string out_;
  std::set<const Node *> anchored_; ///< written already
};

std::optional<std::string> WrittenYaml::write(const Node &root) const {
  return WrittenYamlEmitter(*this).document(root);
}

} // namespace ksail::manifests::kustomize
