// SPDX-License-Identifier: Apache-2.0
// The text level of writing YAML: indentation, quoting, folding. What stands where is the writer's business.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ksail::manifests {

/// Appends to a string it does not own. Columns are counted in characters, as go.yaml.in/yaml v2 does.
class YamlText {
public:
  explicit YamlText(std::string &out) : out_(out) {}

  /// Begins a line with `indent` spaces, unless only indentation stands there already.
  void indent(int indent);
  /// "-", ":", "?", brackets. `spaced` puts a space before; the others say what the position after it counts as.
  void indicator(std::string_view text, bool spaced, bool is_space, bool is_indention);
  bool at_indention() const { return indention_; }

  /// A scalar that is no string: numbers, booleans, null.
  void plain(std::string_view text);
  /// A string in the style it needs; continuation lines stand at `indent`.
  void string(std::string_view text, int indent);
  /// A key. False when it is too long or has several lines, so that it was written after a "?".
  bool key(std::string_view text, int indent);
  void finish_line();

  /// Whether string() writes it without quotes and not as a block.
  static bool is_plain(std::string_view text) { return analyze(text, false).quoting == Quoting::plain; }

private:
  enum class Quoting : std::uint8_t { plain, single_quoted, double_quoted, literal };
  struct Analysis {
    Quoting quoting = Quoting::plain;
    bool several_lines = false;
  };
  static Analysis analyze(std::string_view text, bool is_key);

  void scalar(std::string_view text, Quoting quoting, int indent, bool may_fold);
  void write_plain(std::string_view text, int indent, bool may_fold);
  void write_single_quoted(std::string_view text, int indent, bool may_fold);
  void write_double_quoted(std::string_view text, int indent, bool may_fold);
  void write_literal(std::string_view text, int indent);
  void put(char c);
  void put_character(std::string_view text, std::size_t &at);
  void put_escaped(std::string_view text, std::size_t &at);
  void put_break(std::string_view text, std::size_t &at);
  void new_line();

  std::string &out_;
  int column_ = 0;
  bool whitespace_ = true; ///< no space needed before the next token
  bool indention_ = true;  ///< only indentation and its indicators so far in this line
};

} // namespace ksail::manifests
