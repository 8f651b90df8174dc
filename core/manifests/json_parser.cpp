// SPDX-License-Identifier: Apache-2.0
#include "manifests/json.hpp"

#include "manifests/scalar.hpp"

namespace ksail::manifests {
namespace {

void append_utf8(std::uint32_t code, char *&to) {
  if (code < 0x80) {
    *to++ = static_cast<char>(code);
  } else if (code < 0x800) {
    *to++ = static_cast<char>(0xC0U | code >> 6U);
    *to++ = static_cast<char>(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    *to++ = static_cast<char>(0xE0U | code >> 12U);
    *to++ = static_cast<char>(0x80U | (code >> 6U & 0x3FU));
    *to++ = static_cast<char>(0x80U | (code & 0x3FU));
  } else {
    *to++ = static_cast<char>(0xF0U | code >> 18U);
    *to++ = static_cast<char>(0x80U | (code >> 12U & 0x3FU));
    *to++ = static_cast<char>(0x80U | (code >> 6U & 0x3FU));
    *to++ = static_cast<char>(0x80U | (code & 0x3FU));
  }
}

/// Length of the UTF-8 sequence at p, 0 when it is not valid.
std::size_t utf8_length(const unsigned char *p, const unsigned char *end) {
  const auto follows = [&](int i) { return end - p > i && (p[i] & 0xC0U) == 0x80; };
  if (*p < 0x80) {
    return 1;
  }
  if (*p >= 0xC2 && *p <= 0xDF) {
    return follows(1) ? 2 : 0;
  }
  if (*p >= 0xE0 && *p <= 0xEF) {
    return follows(1) && follows(2) && !(*p == 0xE0 && p[1] < 0xA0) && !(*p == 0xED && p[1] > 0x9F) ? 3 : 0;
  }
  if (*p >= 0xF0 && *p <= 0xF4) {
    return follows(1) && follows(2) && follows(3) && !(*p == 0xF0 && p[1] < 0x90) && !(*p == 0xF4 && p[1] > 0x8F) ? 4
                                                                                                                  : 0;
  }
  return 0;
}

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
      const auto n = c < 0x80 ? 1
                              : utf8_length(reinterpret_cast<const unsigned char *>(at_),
                                            reinterpret_cast<const unsigned char *>(end_));
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

  static bool hex4(const char *from, const char *end, std::uint32_t &code) {
    if (end - from < 4) {
      return false;
    }
    code = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = from[i];
      const int digit = is_digit(c)            ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) {
        return false;
      }
      code = code << 4U | static_cast<std::uint32_t>(digit);
    }
    return true;
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
      std::uint32_t code = 0;
      if (c != 'u' || !hex4(from, end, code)) {
        return false;
      }
      from += 4;
      if (code >= 0xD800 && code < 0xE000) {
        std::uint32_t low = 0;
        if (code < 0xDC00 && end - from >= 6 && from[0] == '\\' && from[1] == 'u' && hex4(from + 2, end, low) &&
            low >= 0xDC00 && low < 0xE000) {
          code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
          from += 6;
        } else {
          code = 0xFFFD; // half a pair: what Go makes of it
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
