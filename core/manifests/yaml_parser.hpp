// SPDX-License-Identifier: Apache-2.0
// YAML text to nodes: libyaml events, with a fast way through documents that use only plain block style.
#pragma once

#include "manifests/node.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ksail::manifests {

/// Deeper nesting than this is refused: no manifest needs it, and readers walk trees recursively.
inline constexpr std::size_t kMaxDepth = 1000;

/// What is wrong with a text, and where (1-based).
struct SyntaxError {
  std::size_t line = 0;
  std::size_t column = 0;
  std::string message;
};

/// Reads the documents of a text one after the other with libyaml. The text must outlive the parser; nodes do not
/// point into it.
class YamlParser {
public:
  /// `first_line` is the number of the text's first line in the file.
  explicit YamlParser(std::string_view text, std::size_t first_line = 1);
  ~YamlParser();
  YamlParser(const YamlParser &) = delete;
  YamlParser &operator=(const YamlParser &) = delete;

  /// The next document in `root`, or nullptr in it after the last one. Empty documents are null scalars.
  std::optional<SyntaxError> next(Arena &arena, Node *&root);

private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads one document of plain block style, several times as fast as libyaml. Gives nullptr when the text holds
/// anything else (anchors, tags, multi-line flow or quoted scalars, tabs, errors ...): then YamlParser has to read it.
/// What it does accept, it reads exactly as YamlParser does. Texts of scalars may point into `text`, which must outlive
/// them.
Node *parse_block_document(std::string_view text, Arena &arena, std::size_t first_line = 1);

} // namespace ksail::manifests
