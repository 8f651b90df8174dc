// SPDX-License-Identifier: Apache-2.0
// A small YAML tree that remembers where everything stands in the text and how its scalars were written.
//
// Made for editing kubeconfig files, and used for what else people edit by hand and machines read: entries are cut and pasted as text, so that comments and quoting of everything
// else survive (re-emitting through a YAML library turns "123" into a number).
#pragma once

#include <ksail/sdk/result.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::kubernetes {

struct YamlNode {
  enum class Kind { scalar, sequence, mapping };
  Kind kind = Kind::scalar;
  std::string value;           ///< of a scalar, unescaped
  std::string tag;             ///< only an explicit one
  bool plain = true;           ///< a scalar without quotes: its type is found from its text
  bool flow = false;           ///< a collection written with [] or {}
  bool alias = false;          ///< stands for a copy of an anchored node; begin and end are those of the *alias
  std::size_t begin = 0;       ///< byte offset of its first character
  std::size_t end = 0;         ///< byte offset behind it; for block collections use content_end()
  std::size_t line = 0;        ///< 1-based
  std::size_t column = 0;      ///< 1-based
  std::vector<YamlNode> items; ///< of a sequence; of a mapping: key, value, key, value, ...

  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_mapping() const { return kind == Kind::mapping; }
  bool is_sequence() const { return kind == Kind::sequence; }
  /// null, ~ or nothing at all.
  bool is_null() const;
  /// A YAML 1.1 truth: true, yes, on in any case.
  bool is_true() const;
  /// Value of `key` in a mapping, or nullptr.
  const YamlNode *field(std::string_view key) const;
  YamlNode *field(std::string_view key);
  /// Text of a scalar field; empty when it is absent, null or no scalar.
  std::string text(std::string_view key) const;
  void set(std::string_view key, YamlNode node);

  static YamlNode string(std::string text);
  static YamlNode sequence();
  static YamlNode mapping();
};

/// First document of `text`; no root when there is none. Errors are Code::config with file:line:column.
Result<std::optional<YamlNode>> parse_yaml_tree(std::string_view text, const std::string &file);

/// Every document of `text`; empty ones are null scalars.
Result<std::vector<YamlNode>> parse_yaml_documents(std::string_view text, const std::string &file);

/// Same kinds, keys in the same order, same scalars, quoted where the other is.
bool same_meaning(const YamlNode &a, const YamlNode &b);

/// End of the last thing written in `node`, without the comments and blank lines behind it.
std::size_t content_end(const YamlNode &node);

/// Block style, `indent` spaces before every line; quoted scalars stay quoted. Lists stand at the indent of their key,
/// as kubectl writes them. Ends in a newline.
std::string emit_yaml(const YamlNode &node, std::size_t indent);

} // namespace ksail::kubernetes
