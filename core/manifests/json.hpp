// SPDX-License-Identifier: Apache-2.0
// Nodes to compact JSON and back.
#pragma once

#include "manifests/scalar.hpp"
#include "manifests/yaml_parser.hpp"

namespace ksail::manifests {

/// What becomes of numbers that JSON can write and the decoder of kubectl does not keep: integers from 2^63 on, -0.0.
enum class Numbers : std::uint8_t {
  as_written, ///< all of them stay what they are
  of_yaml,    ///< as kubectl decodes the JSON it has made of YAML: integers from 2^63 on are floats, -0.0 is 0
  of_json,    ///< as kubectl decodes JSON: the same, but -0.0 stays, and a number too large for a float is an error
};

/// Appends a tree as compact JSON: keys in the order of the document, raw UTF-8, values as `rules` read them. Resolves
/// aliases and merge keys. Fails on duplicate keys, values JSON cannot express (.inf, .nan), keys that are no scalars,
/// and documents that are mostly aliases (a small file that means a gigantic one).
std::optional<SyntaxError> write_json(const Node &root, Rules rules, std::string &out,
                                      Numbers numbers = Numbers::as_written);

/// Appends a JSON string literal. Raw UTF-8, no escaped slashes, no surrogate pairs: the API server's reader of apply
/// bodies takes YAML and would refuse those.
void write_json_string(std::string_view text, std::string &out);

/// Reads one JSON value; `used` is where it ended. nullptr when the text does not begin with valid JSON. Texts may
/// point into `text`.
Node *parse_json(std::string_view text, Arena &arena, std::size_t &used, std::size_t first_line = 1);

} // namespace ksail::manifests
