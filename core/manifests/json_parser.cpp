// SPDX-License-Identifier: Apache-2.0
#include "manifests/json.hpp"

#include "manifests/scalar.hpp"
#include "manifests/utf8.hpp"

namespace ksail::manifests {
namespace {

class JsonParser {
public:
  JsonParser(std::string_view text, Arena &arena, std::size_t first_line)
      : arena_(arena), begin_(text.data()), at_(text.data()), end_(text.data() + text.size()), line_start_(begin_),
        line_(first_line) {}

  Node *value(std::size_t depth) {
    skip_space();
    if (at_ == end_ || depth > kMaxDepth) {
      return nullptr;
    }
    switch (*at_) {
    case '{':
      return object(depth);
    case '[':
      return array(depth);
    case '"':
      return string();
    case 't':
      return word("true");
    case 'f':
      return word("false");
    case 'n':
      return word("null");
    default:
      return number();
    }
  }

  std::size_t used() const { return static_cast<std::size_t>(at_ - begin_); }

private:
  void skip_space() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) {
      if (*at_ == '\n') {
        ++line_;
        line_start_ = at_ + 1;
      }
      ++at_;
    }
  }

  Node *make(NodeKind kind) const {
    Node *node = make_node(arena_, kind);
    node->line = static_cast<std::uint32_t>(line_);
    node->column = static_cast<std::uint32_t>(at_ - line_start_ + 1);
    return node;
  }

  bool take(char c) {
    if (at_ == end_ || *at_ != c) {
      return false;
    }
    ++at_;
    return true;
  }

  Node *object(std::size_t depth) {
    Node *node = make(NodeKind::mapping);
    ++at_;
    skip_space();
    if (take('}')) {
      return node;
    }
    do {
      skip_space();
      Node *key = at_ < end_ && *at_ == '"' ? string() : nullptr;
      skip_space();
      if (key == nullptr || !take(':')) {
        return nullptr;
      }
      Node *item = value(depth + 1);
      if (item == nullptr) {
        return nullptr;
      }
      append(arena_, node, key);
      append(arena_, node, item);
      skip_space();
    } while (take(','));
    return take('}') ? node : nullptr;
  }

  Node *array(std::size_t depth) {
    Node *node = make(NodeKind::sequence);
    ++at_;
    skip_space();
    if (take(']')) {
      return node;
    }
    do {
      Node *item = value(depth + 1);
      if (item == nullptr) {
        return nullptr;
      }
      append(arena_, node, item);
      skip_space();
    } while (take(','));
    return take(']') ? node : nullptr;
  }

  Node *word(std::string_view expected) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(expected)) {
      return nullptr;
    }
    Node *node = make(NodeKind::scalar);
    node->chars = at_;
    node->size = static_cast<std::uint32_t>(expected.size());
    at_ += expected.size();
    return node;
  }

  Node *number() {
    Node *node = make(NodeKind::scalar);
    const char *from = at_;
    take('-');
    if (!take('0')) {
      if (at_ == end_ || !is_digit(*at_)) {
        return nullptr;
      }
      digits();
    }
    if (take('.') && !digits()) {
      return nullptr;
    }
    if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      if (!take('+')) {
        take('-');
      }
      if (!digits()) {
        return nullptr;
      }
    }
    node->chars = from;
    node->size = static_cast<std::uint32_t>(at_ - from);
    return node;
  }

  bool digits() {
    const char *from = at_;
    while (at_ < end_ && is_digit(*at_)) {
      ++at_;
    }
    return at_ > from;
  }

  Node *string() {
    Node *node = make(NodeKind::scalar);
    node->style = Style::double_quoted;
    const char *from = ++at_;
    bool escaped = false;
    while (at_ < end_ && *at_ != '"') {
      const auto c = static_cast<unsigned char>(*at_);
      if (c < 0x20) {
        return nullptr;
      }
      if (c == '\\') {
        escaped = true;
        at_ += 2;
        continue;
      }
      const auto n = utf8_length(at_, end_);
      if (n == 0) {
        return nullptr;
      }
      at_ += n;
    }
    if (at_ >= end_) {
      return nullptr;
    }
    const char *to = at_++;
    node->chars = from;
    node->size = static_cast<std::uint32_t>(to - from);
    return !escaped || unescape(from, to, *node) ? node : nullptr;
  }

  bool unescape(const char *from, const char *end, Node &node) {
    char *const text = arena_.array<char>(static_cast<std::size_t>(end - from));
    char *to = text;
    while (from < end) {
      if (*from != '\\') {
        *to++ = *from++;
        continue;
      }
      ++from;
      if (from == end) {
        return false;
      }
      const char c = *from++;
      constexpr std::string_view kNames = "\"\\/bfnrt";
      constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
      if (const auto i = kNames.find(c); i != std::string_view::npos) {
        *to++ = kValues[i];
        continue;
      }
      const auto unit = c == 'u' ? hex4({from, end}) : std::nullopt;
      if (!unit) {
        return false;
      }
      from += 4;
      std::uint32_t code = *unit;
      if (code >= 0xD800 && code < 0xE000) {
        const auto next = std::string_view(from, end).starts_with("\\u") ? hex4({from + 2, end}) : std::nullopt;
        const auto pair = next ? surrogate_pair(code, *next) : std::nullopt;
        code = pair.value_or(0xFFFD); // half a pair: what Go makes of it
        if (pair) {
          from += 6;
        }
      }
      append_utf8(code, to);
    }
    node.chars = text;
    node.size = static_cast<std::uint32_t>(to - text);
    return true;
  }

  Arena &arena_;
  const char *begin_;
  const char *at_;
  const char *end_;
  const char *line_start_;
  std::size_t line_;
};

} // namespace

Node *parse_json(std::string_view text, Arena &arena, std::size_t &used, std::size_t first_line) {
  JsonParser parser(text, arena, first_line);
  Node *node = parser.value(0);
  used = parser.used();
  return node;
}

} // namespace ksail::manifests
