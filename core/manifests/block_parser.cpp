// SPDX-License-Identifier: Apache-2.0
// The fast way through YAML: documents of block style with single-line scalars, which is what most manifests are.
//
// The rule of this file: when in doubt, give up. Giving up costs time (libyaml reads the document again), a wrong guess
// costs a wrong cluster. A differential fuzz target holds it against YamlParser.
#include "manifests/yaml_parser.hpp"

#include <array>
#include <cstring>
#include <string_view>

namespace ksail::manifests {
namespace {

constexpr int kMaxBlockDepth = 100;
constexpr int kMaxFlowDepth = 8;
/// YAML limits a simple key to 1024 characters, which are at most four bytes each: shorter keys are safe either way.
constexpr std::size_t kMaxKey = 1000;

constexpr std::array<bool, 256> set_of(std::string_view chars) {
  std::array<bool, 256> set{};
  for (const char c : chars) {
    set[static_cast<unsigned char>(c)] = true;
  }
  return set;
}
constexpr std::string_view kAlnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr auto kKeyStart = set_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./$");
constexpr auto kKeyChar = set_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./$-+=()@");
constexpr auto kFlowStart = set_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./");
constexpr auto kFlowChar = set_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-=+");
constexpr auto kPlainForbiddenStart = set_of(",[]{}#&*!|>'\"%@`");
static_assert(kAlnum.size() == 62);

bool in(const std::array<bool, 256> &set, char c) { return set[static_cast<unsigned char>(c)]; }

/// Only characters that YAML allows and that are no line breaks besides \n.
bool has_only_safe_bytes(std::string_view text) {
  const auto *p = reinterpret_cast<const unsigned char *>(text.data());
  const auto *const end = p + text.size();
  while (p < end) {
    if (*p < 0x80) {
      if ((*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f) {
        return false;
      }
      ++p;
      continue;
    }
    const std::ptrdiff_t left = end - p;
    const auto follows = [&](std::ptrdiff_t i) { return i < left && (p[i] & 0xC0U) == 0x80; };
    if (*p >= 0xC2 && *p <= 0xDF) {
      if (!follows(1) || (*p == 0xC2 && p[1] < 0xA0)) {
        return false;
      }
      p += 2;
    } else if (*p >= 0xE0 && *p <= 0xEF) {
      if (!follows(1) || !follows(2) || (*p == 0xE0 && p[1] < 0xA0) || (*p == 0xED && p[1] > 0x9F) ||
          (*p == 0xE2 && p[1] == 0x80 && (p[2] == 0xA8 || p[2] == 0xA9)) ||
          (*p == 0xEF && (p[1] == 0xBB || p[1] == 0xBF))) {
        return false;
      }
      p += 3;
    } else if (*p >= 0xF0 && *p <= 0xF4) {
      if (!follows(1) || !follows(2) || !follows(3) || (*p == 0xF0 && p[1] < 0x90) || (*p == 0xF4 && p[1] > 0x8F)) {
        return false;
      }
      p += 4;
    } else {
      return false;
    }
  }
  return true;
}

class BlockParser {
public:
  BlockParser(std::string_view text, Arena &arena, std::size_t first_line)
      : arena_(arena), next_(text.data()), end_(text.data() + text.size()), line_(first_line - 1) {}

  Node *document() {
    if (!advance()) {
      return nullptr;
    }
    if (!at_end_ && column_ == 0 && rest().starts_with("---")) {
      at_ += 3;
      if (at_ != eol_ && *at_ != ' ') {
        return nullptr;
      }
      if (!only_comment_left() || !advance()) {
        return nullptr;
      }
    }
    if (at_end_) {
      return make_scalar(arena_, {});
    }
    Node *root = block(-1, 0);
    return root != nullptr && at_end_ ? root : nullptr;
  }

private:
  std::string_view rest() const { return {at_, static_cast<std::size_t>(eol_ - at_)}; }
  bool is_dash() const { return *at_ == '-' && (at_ + 1 == eol_ || at_[1] == ' '); }

  /// To the next line that holds more than a comment. False: something this parser does not read.
  bool advance() {
    while (next_ < end_) {
      const char *start = next_;
      const auto *newline = static_cast<const char *>(std::memchr(start, '\n', static_cast<std::size_t>(end_ - start)));
      eol_ = newline != nullptr ? newline : end_;
      next_ = newline != nullptr ? newline + 1 : end_;
      ++line_;
      at_ = start;
      while (at_ < eol_ && *at_ == ' ') {
        ++at_;
      }
      if (at_ == eol_ || *at_ == '#') {
        continue;
      }
      if (*at_ == '\t') {
        return false;
      }
      line_start_ = start;
      column_ = static_cast<int>(at_ - start);
      return true;
    }
    at_end_ = true;
    column_ = -1;
    return true;
  }

  bool only_comment_left() {
    const char *from = at_;
    while (at_ < eol_ && *at_ == ' ') {
      ++at_;
    }
    return at_ == eol_ || (*at_ == '#' && at_ > from);
  }

  Node *stamp(Node *node) const {
    node->line = static_cast<std::uint32_t>(line_);
    node->column = static_cast<std::uint32_t>(at_ - line_start_ + 1);
    return node;
  }
  Node *view(const char *from, const char *to, Style style) const {
    Node *node = stamp(make_node(arena_, NodeKind::scalar));
    node->chars = from;
    node->size = static_cast<std::uint32_t>(to - from);
    node->style = style;
    return node;
  }

  /// Whatever stands on the current line, further right than `parent`.
  Node *block(int parent, int depth) {
    if (depth > kMaxBlockDepth || column_ <= parent) {
      return nullptr;
    }
    return is_dash() ? sequence(depth) : mapping(depth);
  }

  Node *sequence(int depth) {
    if (depth > kMaxBlockDepth) {
      return nullptr;
    }
    const int column = column_;
    Node *list = stamp(make_node(arena_, NodeKind::sequence));
    while (!at_end_ && column_ == column && is_dash()) {
      ++at_;
      const char *dash = at_;
      while (at_ < eol_ && *at_ == ' ') {
        ++at_;
      }
      Node *item = nullptr;
      if (at_ == eol_ || *at_ == '#') {
        Node *empty = view(dash, dash, Style::plain);
        if (!advance()) {
          return nullptr;
        }
        item = !at_end_ && column_ > column ? block(column, depth + 1) : empty;
      } else {
        column_ = static_cast<int>(at_ - line_start_);
        if (is_dash()) {
          item = sequence(depth + 1);
        } else if (const char *after = nullptr; key_end(after) != nullptr) {
          item = mapping(depth + 1);
        } else {
          item = value(column);
        }
      }
      if (item == nullptr || (!at_end_ && column_ > column)) {
        return nullptr;
      }
      append(arena_, list, item);
    }
    return list;
  }

  /// Is there a key here? Gives the end of its text and in `after` what follows the colon; nullptr when there is none
  /// or it is not a simple one.
  const char *key_end(const char *&after) const {
    const char *p = at_;
    const char *text_end = nullptr;
    if (*p == '"' || *p == '\'') {
      const char quote = *p++;
      while (p < eol_ && *p != quote && *p != '\\' && *p != '\t') {
        ++p;
      }
      if (p >= eol_ || *p != quote || (p + 1 < eol_ && p[1] == quote)) {
        return nullptr;
      }
      text_end = p++;
    } else {
      if (!in(kKeyStart, *p)) {
        return nullptr;
      }
      while (p < eol_ && in(kKeyChar, *p)) {
        ++p;
      }
      text_end = p;
    }
    if (p >= eol_ || *p != ':' || (p + 1 < eol_ && p[1] != ' ') || static_cast<std::size_t>(p - at_) > kMaxKey) {
      return nullptr;
    }
    after = p + 1;
    return text_end;
  }

  Node *mapping(int depth) {
    if (depth > kMaxBlockDepth) {
      return nullptr;
    }
    const int column = column_;
    Node *map = stamp(make_node(arena_, NodeKind::mapping));
    while (!at_end_ && column_ == column) {
      const char *after = nullptr;
      const char *text_end = key_end(after);
      if (text_end == nullptr) {
        return nullptr;
      }
      const bool quoted = *at_ == '"' || *at_ == '\'';
      const Style style = !quoted ? Style::plain : *at_ == '"' ? Style::double_quoted : Style::single_quoted;
      Node *key = view(quoted ? at_ + 1 : at_, text_end, style);
      at_ = after;
      while (at_ < eol_ && *at_ == ' ') {
        ++at_;
      }
      Node *item = nullptr;
      if (at_ == eol_ || *at_ == '#') {
        Node *empty = view(after, after, Style::plain);
        if (!advance()) {
          return nullptr;
        }
        if (!at_end_ && column_ > column) {
          item = block(column, depth + 1);
        } else if (!at_end_ && column_ == column && is_dash()) {
          item = sequence(depth + 1);
        } else {
          item = empty;
        }
      } else {
        item = is_dash() ? nullptr : value(column);
      }
      if (item == nullptr || (!at_end_ && column_ > column)) {
        return nullptr;
      }
      append(arena_, map, key);
      append(arena_, map, item);
    }
    return map;
  }

  /// A scalar or flow collection that begins on the current line, inside something indented by `parent`.
  Node *value(int parent) {
    const char first = *at_;
    if (first == '|') {
      return literal(parent);
    }
    Node *node = nullptr;
    if (first == '"' || first == '\'') {
      node = quoted();
    } else if (first == '[' || first == '{') {
      node = flow(0);
    } else {
      return plain();
    }
    return node != nullptr && only_comment_left() && advance() ? node : nullptr;
  }

  Node *quoted() {
    const char quote = *at_;
    const char *p = at_ + 1;
    while (p < eol_ && *p != quote && *p != '\\') {
      ++p;
    }
    if (p >= eol_ || *p != quote || (p + 1 < eol_ && p[1] == quote)) {
      return nullptr;
    }
    // A backslash means something between double quotes only, but single quotes around one are rare enough.
    Node *node = view(at_ + 1, p, quote == '"' ? Style::double_quoted : Style::single_quoted);
    at_ = p + 1;
    return node;
  }

  Node *plain() {
    if (in(kPlainForbiddenStart, *at_) ||
        ((*at_ == '?' || *at_ == ':' || *at_ == '-') && (at_ + 1 == eol_ || at_[1] == ' '))) {
      return nullptr;
    }
    const char *last = at_; ///< behind the last character that is no space
    for (const char *p = at_; p < eol_; ++p) {
      const char c = *p;
      if (c == ' ') {
        continue;
      }
      if (c == '\t' || (c == ':' && (p + 1 == eol_ || p[1] == ' '))) {
        return nullptr;
      }
      if (c == '#' && p[-1] == ' ') {
        break;
      }
      last = p + 1;
    }
    Node *node = view(at_, last, Style::plain);
    return advance() ? node : nullptr;
  }

  Node *literal(int parent) {
    Node *node = view(at_, at_, Style::literal);
    ++at_;
    char chomp = ' ';
    if (at_ < eol_ && (*at_ == '-' || *at_ == '+')) {
      chomp = *at_++;
    }
    if (!only_comment_left()) {
      return nullptr;
    }
    // First pass: where the text begins and ends.
    int indent = -1;
    int blank_width = 0;
    const char *p = next_;
    const char *text_end = p; ///< behind the last line of the scalar that is not blank
    std::size_t lines = 0;
    std::size_t size = 0;
    while (p < end_) {
      const auto *newline = static_cast<const char *>(std::memchr(p, '\n', static_cast<std::size_t>(end_ - p)));
      const char *stop = newline != nullptr ? newline : end_;
      const char *content = p;
      while (content < stop && *content == ' ') {
        ++content;
      }
      const int width = static_cast<int>(content - p);
      if (content == stop) {
        if (indent < 0) {
          blank_width = width > blank_width ? width : blank_width;
        } else if (width > indent) {
          text_end = stop;
        }
      } else {
        if (indent < 0) {
          if (*content == '\t' || width <= parent || width < blank_width || width == 0) {
            return nullptr;
          }
          indent = width;
        }
        if (width < indent) {
          if (*content == '\t') {
            return nullptr;
          }
          break;
        }
        text_end = stop;
      }
      size += static_cast<std::size_t>(stop - p) + 1;
      ++lines;
      p = newline != nullptr ? newline + 1 : end_;
    }
    if (indent < 0) {
      return nullptr;
    }
    char *const text = arena_.array<char>(size);
    char *to = text;
    const char *from = next_;
    char *after_text = text;
    while (from < p) {
      const auto *newline = static_cast<const char *>(std::memchr(from, '\n', static_cast<std::size_t>(p - from)));
      const char *stop = newline != nullptr ? newline : p;
      if (stop - from > indent) {
        const auto n = static_cast<std::size_t>(stop - from - indent);
        std::memcpy(to, from + indent, n);
        to += n;
      }
      if (stop == text_end) {
        after_text = to;
      }
      if (newline != nullptr) {
        *to++ = '\n';
      }
      from = newline != nullptr ? newline + 1 : p;
    }
    const char *stop = chomp == '+' ? to : after_text;
    if (chomp == ' ' && after_text < to) {
      stop = after_text + 1;
    }
    node->chars = text;
    node->size = static_cast<std::uint32_t>(stop - text);
    line_ += lines;
    next_ = p;
    return advance() ? node : nullptr;
  }

  void skip_spaces() {
    while (at_ < eol_ && *at_ == ' ') {
      ++at_;
    }
  }

  Node *flow_scalar() {
    if (*at_ == '"' || *at_ == '\'') {
      return quoted();
    }
    if (!in(kFlowStart, *at_) && !(*at_ == '-' && at_ + 1 < eol_ && in(kFlowStart, at_[1]))) {
      return nullptr;
    }
    const char *p = at_;
    while (p < eol_ && in(kFlowChar, *p)) {
      ++p;
    }
    Node *node = view(at_, p, Style::plain);
    at_ = p;
    return node;
  }

  Node *flow_value(int depth) { return *at_ == '[' || *at_ == '{' ? flow(depth + 1) : flow_scalar(); }

  Node *flow(int depth) {
    if (depth > kMaxFlowDepth) {
      return nullptr;
    }
    const bool is_map = *at_ == '{';
    const char close = is_map ? '}' : ']';
    Node *node = stamp(make_node(arena_, is_map ? NodeKind::mapping : NodeKind::sequence));
    ++at_;
    skip_spaces();
    if (at_ < eol_ && *at_ == close) {
      ++at_;
      return node;
    }
    while (at_ < eol_) {
      if (is_map) {
        Node *key = flow_scalar();
        if (key == nullptr || at_ + 1 >= eol_ || *at_ != ':' || at_[1] != ' ') {
          return nullptr;
        }
        ++at_;
        skip_spaces();
        append(arena_, node, key);
        if (at_ == eol_) {
          return nullptr;
        }
      }
      Node *item = flow_value(depth);
      if (item == nullptr) {
        return nullptr;
      }
      append(arena_, node, item);
      skip_spaces();
      if (at_ == eol_) {
        return nullptr;
      }
      if (*at_ == close) {
        ++at_;
        return node;
      }
      if (*at_ != ',') {
        return nullptr;
      }
      ++at_;
      skip_spaces();
    }
    return nullptr;
  }

  Arena &arena_;
  const char *next_; ///< the line after the current one
  const char *end_;
  const char *line_start_ = nullptr;
  const char *at_ = nullptr;
  const char *eol_ = nullptr;
  std::size_t line_;
  int column_ = -1;
  bool at_end_ = false;
};

} // namespace

Node *parse_block_document(std::string_view text, Arena &arena, std::size_t first_line) {
  if (text.starts_with("\xEF\xBB\xBF")) {
    text.remove_prefix(3);
  }
  return has_only_safe_bytes(text) ? BlockParser(text, arena, first_line).document() : nullptr;
}

} // namespace ksail::manifests
