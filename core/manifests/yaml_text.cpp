// SPDX-License-Identifier: Apache-2.0
#include "manifests/yaml_text.hpp"

#include "manifests/scalar.hpp"

namespace ksail::manifests {
namespace {

constexpr int kWidth = 80;
constexpr std::size_t kLongestSimpleKey = 128; ///< bytes

unsigned char byte(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

std::size_t width(std::string_view text, std::size_t at) {
  const auto c = byte(text, at);
  return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

bool is_space(std::string_view text, std::size_t at) { return byte(text, at) == ' '; }

bool is_break(std::string_view text, std::size_t at) {
  const auto c = byte(text, at);
  if (c < 0x80) {
    return c == '\n' || c == '\r';
  }
  return (c == 0xC2 && byte(text, at + 1) == 0x85) ||
         (c == 0xE2 && byte(text, at + 1) == 0x80 && (byte(text, at + 2) | 1U) == 0xA9);
}

/// What YAML 1.1 calls printable, without tabs and without characters beyond the basic plane.
bool is_printable(std::string_view text, std::size_t at) {
  const auto c = byte(text, at);
  if (c < 0x80) {
    return (c >= 0x20 && c <= 0x7E) || c == '\n';
  }
  const auto second = byte(text, at + 1);
  const auto third = byte(text, at + 2);
  switch (c) {
  case 0xC2:
    return second >= 0xA0;
  case 0xED:
    return second < 0xA0;
  case 0xEF:
    return !(second == 0xBB && third == 0xBF) && !(second == 0xBF && third >= 0xBE);
  default:
    return c > 0xC2 && c < 0xEF;
  }
}

bool begins_with_byte_order_mark(std::string_view text) { return text.starts_with("\xEF\xBB\xBF"); }

/// [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?  -- a number to other YAML 1.1 readers, such as 1:30.
bool is_sexagesimal(std::string_view text) {
  std::size_t i = 0;
  const auto digit = [&](std::size_t at) { return byte(text, at) >= '0' && byte(text, at) <= '9'; };
  if (byte(text, 0) == '+' || byte(text, 0) == '-') {
    ++i;
  }
  if (!digit(i)) {
    return false;
  }
  while (digit(i) || byte(text, i) == '_') {
    ++i;
  }
  std::size_t parts = 0;
  while (byte(text, i) == ':' && digit(i + 1)) {
    i += byte(text, i + 1) <= '5' && digit(i + 2) ? 3 : 2;
    ++parts;
  }
  if (parts > 0 && byte(text, i) == '.') {
    do {
      ++i;
    } while (digit(i) || byte(text, i) == '_');
  }
  return parts > 0 && i == text.size();
}

/// Lower-case words and the like, which nearly all strings are: nothing to look at closely.
bool is_harmless(std::string_view text) {
  if (text.size() < 6 || text.size() > 64 || text[0] < 'a' || text[0] > 'z') {
    return false;
  }
  for (const char c : text) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '-' || c == '/' ||
          c == '.' || c == '_')) {
      return false;
    }
  }
  return true;
}

} // namespace

YamlText::Analysis YamlText::analyze(std::string_view text, bool is_key) {
  if (is_harmless(text)) {
    return {};
  }
  Quoting wanted = Quoting::plain;
  if (text.find('\n') != std::string_view::npos) {
    wanted = Quoting::literal;
  } else if (resolve(text, Rules::kubectl).type != ScalarType::string || is_sexagesimal(text)) {
    wanted = Quoting::double_quoted;
  }
  bool indicators = text.starts_with("---") || text.starts_with("...");
  bool special = false;
  bool breaks = false;
  bool leading = false;
  bool trailing_space = false;
  bool trailing_break = false;
  bool space_after_break = false;
  bool break_after_space = false;
  bool previous_space = false;
  bool previous_break = false;
  bool previous_blank = true;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t next = i + width(text, i);
    const bool last = next >= text.size();
    const auto c = byte(text, i);
    const bool blank_follows = last || byte(text, next) == ' ' || byte(text, next) == '\t';
    if (i == 0) {
      indicators = indicators || std::string_view("#,[]{}&*!|>'\"%@`").find(text[0]) != std::string_view::npos ||
                   ((c == '?' || c == ':' || c == '-') && blank_follows);
    } else {
      indicators = indicators || (c == ':' && blank_follows) || (c == '#' && previous_blank);
    }
    special = special || !is_printable(text, i);
    const bool here_break = is_break(text, i);
    const bool here_space = c == ' ';
    leading = leading || (i == 0 && (here_break || here_space));
    trailing_space = trailing_space || (here_space && last);
    trailing_break = trailing_break || (here_break && last);
    space_after_break = space_after_break || (here_space && previous_break);
    break_after_space = break_after_space || (here_break && previous_space);
    breaks = breaks || here_break;
    previous_space = here_space;
    previous_break = here_break;
    previous_blank = here_space || here_break || c == '\t';
    i = next;
  }
  Analysis result{wanted, breaks};
  if (is_key && breaks) {
    result.quoting = Quoting::double_quoted;
  }
  if (result.quoting == Quoting::plain && (indicators || special || breaks || leading || trailing_space ||
                                           trailing_break || space_after_break || break_after_space)) {
    result.quoting = Quoting::single_quoted;
  }
  if (result.quoting == Quoting::single_quoted && (special || space_after_break || break_after_space)) {
    result.quoting = Quoting::double_quoted;
  }
  if (result.quoting == Quoting::literal && (special || trailing_space || break_after_space || is_key)) {
    result.quoting = Quoting::double_quoted;
  }
  return result;
}

void YamlText::put(char c) {
  out_ += c;
  ++column_;
}

void YamlText::new_line() {
  out_ += '\n';
  column_ = 0;
}

void YamlText::indent(int indent) {
  if (!indention_ || column_ > indent || (column_ == indent && !whitespace_)) {
    new_line();
  }
  if (column_ < indent) {
    out_.append(static_cast<std::size_t>(indent - column_), ' ');
    column_ = indent;
  }
  whitespace_ = true;
  indention_ = true;
}

void YamlText::indicator(std::string_view text, bool spaced, bool is_space, bool is_indention) {
  if (spaced && !whitespace_) {
    put(' ');
  }
  out_ += text;
  column_ += static_cast<int>(text.size());
  whitespace_ = is_space;
  indention_ = indention_ && is_indention;
}

void YamlText::finish_line() { indent(0); }

void YamlText::plain(std::string_view text) { indicator(text, true, false, false); }

void YamlText::string(std::string_view text, int indent) { scalar(text, analyze(text, false).quoting, indent, true); }

bool YamlText::key(std::string_view text, int indent) {
  const Analysis found = analyze(text, true);
  if (found.several_lines || text.size() > kLongestSimpleKey) {
    indicator("?", true, false, true);
    scalar(text, analyze(text, false).quoting, indent, true);
    return false;
  }
  scalar(text, found.quoting, indent, false);
  return true;
}

void YamlText::scalar(std::string_view text, Quoting quoting, int indent, bool may_fold) {
  switch (quoting) {
  case Quoting::plain:
    write_plain(text, indent, may_fold);
    break;
  case Quoting::single_quoted:
    write_single_quoted(text, indent, may_fold);
    break;
  case Quoting::double_quoted:
    write_double_quoted(text, indent, may_fold);
    break;
  case Quoting::literal:
    write_literal(text, indent);
    break;
  }
}

void YamlText::put_character(std::string_view text, std::size_t &at) {
  const std::size_t n = width(text, at);
  out_ += text.substr(at, n);
  at += n;
  ++column_;
}

void YamlText::put_break(std::string_view text, std::size_t &at) {
  if (text[at] == '\n') {
    new_line();
    ++at;
  } else {
    put_character(text, at);
    column_ = 0;
  }
}

void YamlText::write_plain(std::string_view text, int indent, bool may_fold) {
  if (!whitespace_) {
    put(' ');
  }
  if (column_ + static_cast<int>(text.size()) <= kWidth || !may_fold) {
    out_ += text;
    column_ += static_cast<int>(text.size()); // at least as many as characters: columns matter only beyond kWidth
    if (!may_fold) {
      for (const char c : text) {
        column_ -= (static_cast<unsigned char>(c) & 0xC0U) == 0x80 ? 1 : 0;
      }
    }
    whitespace_ = indention_ = false;
    return;
  }
  bool spaces = false;
  for (std::size_t i = 0; i < text.size();) {
    if (is_space(text, i)) {
      if (!spaces && column_ > kWidth && !is_space(text, i + 1)) {
        this->indent(indent);
        ++i;
      } else {
        put_character(text, i);
      }
      spaces = true;
    } else {
      put_character(text, i);
      indention_ = false;
      spaces = false;
    }
  }
  whitespace_ = indention_ = false;
}

void YamlText::write_single_quoted(std::string_view text, int indent, bool may_fold) {
  indicator("'", true, false, false);
  bool spaces = false;
  bool breaks = false;
  for (std::size_t i = 0; i < text.size();) {
    if (is_space(text, i)) {
      if (may_fold && !spaces && column_ > kWidth && i > 0 && i + 1 < text.size() && !is_space(text, i + 1)) {
        this->indent(indent);
        ++i;
      } else {
        put_character(text, i);
      }
      spaces = true;
    } else if (is_break(text, i)) {
      if (!breaks && text[i] == '\n') {
        new_line();
      }
      put_break(text, i);
      indention_ = true;
      breaks = true;
    } else {
      if (breaks) {
        this->indent(indent);
      }
      if (text[i] == '\'') {
        put('\'');
      }
      put_character(text, i);
      indention_ = false;
      spaces = false;
      breaks = false;
    }
  }
  indicator("'", false, false, false);
  whitespace_ = indention_ = false;
}

void YamlText::put_escaped(std::string_view text, std::size_t &at) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const std::size_t n = width(text, at);
  char32_t value = byte(text, at) & (n == 1 ? 0x7FU : n == 2 ? 0x1FU : n == 3 ? 0x0FU : 0x07U);
  for (std::size_t k = 1; k < n; ++k) {
    value = value << 6U | (byte(text, at + k) & 0x3FU);
  }
  at += n;
  put('\\');
  struct Short {
    char32_t value;
    char letter;
  };
  static constexpr Short kShort[] = {{0x00, '0'},  {0x07, 'a'}, {0x08, 'b'}, {0x09, 't'},   {0x0A, 'n'},
                                     {0x0B, 'v'},  {0x0C, 'f'}, {0x0D, 'r'}, {0x1B, 'e'},   {0x22, '"'},
                                     {0x5C, '\\'}, {0x85, 'N'}, {0xA0, '_'}, {0x2028, 'L'}, {0x2029, 'P'}};
  for (const auto &entry : kShort) {
    if (entry.value == value) {
      put(entry.letter);
      return;
    }
  }
  const unsigned digits = value <= 0xFF ? 2 : value <= 0xFFFF ? 4 : 8;
  put(digits == 2 ? 'x' : digits == 4 ? 'u' : 'U');
  for (unsigned k = digits; k-- > 0;) {
    put(kHex[value >> (4 * k) & 0xFU]);
  }
}

void YamlText::write_double_quoted(std::string_view text, int indent, bool may_fold) {
  indicator("\"", true, false, false);
  // The emitter looks for a byte order mark at the beginning wherever it is, and then escapes every character.
  const bool escape_all = begins_with_byte_order_mark(text);
  bool spaces = false;
  for (std::size_t i = 0; i < text.size();) {
    if (escape_all || !is_printable(text, i) || is_break(text, i) || text[i] == '"' || text[i] == '\\') {
      put_escaped(text, i);
      spaces = false;
    } else if (is_space(text, i)) {
      if (may_fold && !spaces && column_ > kWidth && i > 0 && i + 1 < text.size()) {
        this->indent(indent);
        if (is_space(text, i + 1)) {
          put('\\');
        }
        ++i;
      } else {
        put_character(text, i);
      }
      spaces = true;
    } else {
      put_character(text, i);
      spaces = false;
    }
  }
  indicator("\"", false, false, false);
  whitespace_ = indention_ = false;
}

void YamlText::write_literal(std::string_view text, int indent) {
  indicator("|", true, false, false);
  if (is_space(text, 0) || is_break(text, 0)) {
    indicator("2", false, false, false);
  }
  const auto break_before = [&](std::size_t end) {
    std::size_t at = end - 1;
    while (at > 0 && (byte(text, at) & 0xC0U) == 0x80) {
      --at;
    }
    return std::pair(is_break(text, at), at);
  };
  const auto [ends_in_break, last] = break_before(text.size());
  if (!ends_in_break) {
    indicator("-", false, false, false);
  } else if (last == 0 || break_before(last).first) {
    indicator("+", false, false, false);
  }
  new_line();
  indention_ = true;
  whitespace_ = true;
  bool breaks = true;
  for (std::size_t i = 0; i < text.size();) {
    if (is_break(text, i)) {
      put_break(text, i);
      indention_ = true;
      breaks = true;
      continue;
    }
    if (breaks) {
      this->indent(indent);
    }
    if (byte(text, i) < 0x80) {
      const std::size_t end = std::min(text.find_first_of("\n\xE2", i), text.size());
      out_ += text.substr(i, end - i);
      column_ += static_cast<int>(end - i);
      i = end;
    } else {
      put_character(text, i);
    }
    indention_ = false;
    breaks = false;
  }
}

} // namespace ksail::manifests
