// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/yaml_tree.hpp"

#include "kubernetes/json_text.hpp"

#include <nlohmann/json.hpp>
#include <yaml.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>

namespace ksail::kubernetes {

namespace {

constexpr std::size_t most_nodes = 1u << 20; // aliases of aliases must not grow without bound
constexpr std::size_t deepest = 64;

/// Byte offset of every character: libyaml's marks count characters, and not a byte order mark.
class Offsets {
public:
  explicit Offsets(std::string_view text) {
    const bool marked = text.substr(0, 3) == "\xEF\xBB\xBF";
    start_ = marked ? 3 : 0;
    size_ = text.size();
    const bool ascii = std::all_of(text.begin() + static_cast<std::ptrdiff_t>(start_), text.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (ascii) return;
    for (std::size_t i = start_; i < text.size(); ++i)
      if ((static_cast<unsigned char>(text[i]) & 0xC0u) != 0x80u) bytes_.push_back(i);
  }
  std::size_t byte(std::size_t character) const {
    if (bytes_.empty()) return std::min(start_ + character, size_);
    return character < bytes_.size() ? bytes_[character] : size_;
  }

private:
  std::size_t start_ = 0, size_ = 0;
  std::vector<std::size_t> bytes_;
};

struct Event {
  yaml_event_t raw{};
  Event() = default;
  Event(const Event &) = delete;
  Event &operator=(const Event &) = delete;
  ~Event() { yaml_event_delete(&raw); }
};

std::string text_of(const yaml_char_t *chars) { return chars ? reinterpret_cast<const char *>(chars) : ""; }

class Builder {
public:
  Builder(std::string_view text, const std::string &file) : offsets_(text), file_(file) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char *>(text.data()), text.size());
  }
  ~Builder() { yaml_parser_delete(&parser_); }
  Builder(const Builder &) = delete;
  Builder &operator=(const Builder &) = delete;

  /// Nothing after the last one. Anchors are known in their own document only.
  Result<std::optional<YamlNode>> next_document() {
    anchors_.clear();
    for (;;) {
      Event event;
      if (auto next = read(event); !next) return next.error();
      if (event.raw.type == YAML_STREAM_END_EVENT) return std::optional<YamlNode>();
      if (event.raw.type == YAML_DOCUMENT_START_EVENT) break;
    }
    Event event;
    if (auto next = read(event); !next) return next.error();
    YamlNode root;
    if (auto built = build(event, root, 0); !built) return built.error();
    return std::optional<YamlNode>(std::move(root));
  }

private:
  Error at(const yaml_mark_t &mark, const std::string &what) const {
    return Error(Code::config,
                 file_ + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1) + ": " + what,
                 "correct the file; nothing in it was changed");
  }

  Result<void> read(Event &event) {
    if (yaml_parser_parse(&parser_, &event.raw)) return {};
    return at(parser_.problem_mark,
              std::string("not valid YAML: ") + (parser_.problem ? parser_.problem : "unreadable"));
  }

  void place(YamlNode &node, const yaml_event_t &event) const {
    node.begin = offsets_.byte(event.start_mark.index);
    node.end = offsets_.byte(event.end_mark.index);
    node.line = event.start_mark.line + 1;
    node.column = event.start_mark.column + 1;
  }

  Result<void> build(const Event &event, YamlNode &node, std::size_t depth) {
    const yaml_event_t &raw = event.raw;
    if (++count_ > most_nodes || depth > deepest) return at(raw.start_mark, "too large or too deep");
    place(node, raw);
    switch (raw.type) {
    case YAML_ALIAS_EVENT: {
      const auto known = anchors_.find(text_of(raw.data.alias.anchor));
      if (known == anchors_.end()) return at(raw.start_mark, "alias of an unknown anchor");
      count_ += known->second.second;
      if (count_ > most_nodes) return at(raw.start_mark, "too large");
      node = known->second.first;
      place(node, raw);
      node.alias = true;
      return {};
    }
    case YAML_SCALAR_EVENT:
      node.kind = YamlNode::Kind::scalar;
      node.value.assign(reinterpret_cast<const char *>(raw.data.scalar.value), raw.data.scalar.length);
      node.plain = raw.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
      node.tag = text_of(raw.data.scalar.tag);
      return remember(text_of(raw.data.scalar.anchor), node, 1);
    case YAML_SEQUENCE_START_EVENT:
      node.kind = YamlNode::Kind::sequence;
      node.flow = raw.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
      node.tag = text_of(raw.data.sequence_start.tag);
      return children(node, YAML_SEQUENCE_END_EVENT, text_of(raw.data.sequence_start.anchor), depth);
    case YAML_MAPPING_START_EVENT:
      node.kind = YamlNode::Kind::mapping;
      node.flow = raw.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
      node.tag = text_of(raw.data.mapping_start.tag);
      return children(node, YAML_MAPPING_END_EVENT, text_of(raw.data.mapping_start.anchor), depth);
    default:
      return at(raw.start_mark, "unexpected content");
    }
  }

  Result<void> children(YamlNode &node, yaml_event_type_t last, const std::string &anchor, std::size_t depth) {
    const std::size_t before = count_;
    for (;;) {
      Event event;
      if (auto next = read(event); !next) return next.error();
      if (event.raw.type == last) {
        node.end = offsets_.byte(event.raw.end_mark.index);
        break;
      }
      node.items.emplace_back();
      if (auto built = build(event, node.items.back(), depth + 1); !built) return built.error();
    }
    return remember(anchor, node, count_ - before + 1);
  }

  Result<void> remember(const std::string &anchor, const YamlNode &node, std::size_t size) {
    if (!anchor.empty()) anchors_[anchor] = std::make_pair(node, size);
    return {};
  }

  yaml_parser_t parser_{};
  Offsets offsets_;
  const std::string &file_;
  std::size_t count_ = 0;
  std::map<std::string, std::pair<YamlNode, std::size_t>> anchors_;
};

std::string emit_scalar(const YamlNode &node) {
  const std::string tag = node.tag.empty() ? "" : node.tag == "!" ? "! " : "!<" + node.tag + "> ";
  if (node.plain && node.value.find('\n') == std::string::npos) return tag + node.value;
  return tag + yaml_safe(nlohmann::json(node.value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

bool on_one_line(const YamlNode &node) { return node.is_scalar() || node.items.empty(); }

std::string one_line(const YamlNode &node) {
  if (node.is_scalar()) return emit_scalar(node);
  return node.is_sequence() ? "[]" : "{}";
}

void emit(const YamlNode &node, std::size_t indent, bool first_line_open, std::string &out) {
  const auto margin = [&] {
    if (!first_line_open) out.append(indent, ' ');
    first_line_open = false;
  };
  if (on_one_line(node)) {
    margin();
    out += one_line(node) + "\n";
    return;
  }
  if (node.is_sequence()) {
    for (const auto &item : node.items) {
      margin();
      out += "- ";
      emit(item, indent + 2, true, out);
    }
    return;
  }
  for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
    const YamlNode &value = node.items[i + 1];
    margin();
    out += one_line(node.items[i]) + ":";
    if (on_one_line(value)) {
      const std::string text = one_line(value);
      out += text.empty() ? "\n" : " " + text + "\n";
    } else {
      out += "\n";
      emit(value, value.is_sequence() ? indent : indent + 2, false, out);
    }
  }
}

} // namespace

bool YamlNode::is_null() const {
  return is_scalar() && plain &&
         (value.empty() || value == "~" || value == "null" || value == "Null" || value == "NULL");
}

bool YamlNode::is_true() const {
  if (!is_scalar()) return false;
  static constexpr std::array<std::string_view, 11> words{"true", "True", "TRUE", "yes", "Yes", "YES",
                                                          "on",   "On",   "ON",   "y",   "Y"};
  return std::find(words.begin(), words.end(), value) != words.end();
}

const YamlNode *YamlNode::field(std::string_view key) const {
  if (!is_mapping()) return nullptr;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2)
    if (items[i].is_scalar() && items[i].value == key) return &items[i + 1];
  return nullptr;
}

YamlNode *YamlNode::field(std::string_view key) {
  return const_cast<YamlNode *>(static_cast<const YamlNode *>(this)->field(key));
}

std::string YamlNode::text(std::string_view key) const {
  const YamlNode *found = field(key);
  return found && found->is_scalar() && !found->is_null() ? found->value : std::string();
}

void YamlNode::set(std::string_view key, YamlNode node) {
  if (YamlNode *there = field(key)) {
    *there = std::move(node);
    return;
  }
  YamlNode name;
  name.value = std::string(key);
  items.push_back(std::move(name));
  items.push_back(std::move(node));
}

YamlNode YamlNode::string(std::string text) {
  YamlNode node;
  node.value = std::move(text);
  node.plain = false;
  return node;
}

YamlNode YamlNode::sequence() {
  YamlNode node;
  node.kind = Kind::sequence;
  return node;
}

YamlNode YamlNode::mapping() {
  YamlNode node;
  node.kind = Kind::mapping;
  return node;
}

Result<std::optional<YamlNode>> parse_yaml_tree(std::string_view text, const std::string &file) {
  return Builder(text, file).next_document();
}

Result<std::vector<YamlNode>> parse_yaml_documents(std::string_view text, const std::string &file) {
  Builder builder(text, file);
  std::vector<YamlNode> documents;
  for (;;) {
    auto next = builder.next_document();
    if (!next) return next.error();
    if (!*next) return documents;
    documents.push_back(std::move(**next));
  }
}

bool same_meaning(const YamlNode &a, const YamlNode &b) {
  if (a.kind != b.kind || a.tag != b.tag) return false;
  if (a.is_scalar()) return a.value == b.value && a.plain == b.plain;
  return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), same_meaning);
}

std::size_t content_end(const YamlNode &node) {
  if (node.is_scalar() || node.flow || node.alias || node.items.empty()) return node.end;
  return content_end(node.items.back());
}

std::string emit_yaml(const YamlNode &node, std::size_t indent) {
  std::string out;
  emit(node, indent, false, out);
  return out;
}

} // namespace ksail::kubernetes
