// SPDX-License-Identifier: Apache-2.0
// What type a scalar has, by the rules of the two readers that people meet.
//
// Sources: YAML 1.1 types; go.yaml.in/yaml v2 (kubectl through sigs.k8s.io/yaml) and v3 (kustomize). The two differ in
// two points only: for v2 y, yes, on, n, no, off are booleans, for v3 they are strings; and what is left out between
// brackets is null for v2, while kustomize makes it an empty text.
#pragma once

#include "manifests/node.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ksail::manifests {

enum class Rules : std::uint8_t { kubectl, kustomize };

enum class ScalarType : std::uint8_t { string, null, boolean, integer, unsigned_integer, floating, timestamp, merge };

struct Scalar {
  ScalarType type = ScalarType::string;
  bool boolean = false;
  std::int64_t integer = 0;
  std::uint64_t unsigned_integer = 0; ///< only what does not fit into `integer`
  double floating = 0;
};

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// As Go's strconv.Atoi reads a whole number: decimal digits and a sign, no 0x10 and no 1_000.
std::optional<std::int64_t> parse_decimal(std::string_view text);

/// The type of plain text without a tag.
Scalar resolve(std::string_view text, Rules rules);
/// The type of a scalar node, with its style and tag; nothing when the text cannot be what the tag says.
std::optional<Scalar> resolve(const Node &scalar, Rules rules);

/// "2001-1-2 3:4:5" and the like as RFC 3339; nothing when the text is no timestamp.
std::optional<std::string> timestamp_to_rfc3339(std::string_view text);

} // namespace ksail::manifests
