// SPDX-License-Identifier: Apache-2.0
// The same data written as YAML in the many ways people write it.
#pragma once

#include "random.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>

namespace ksail::fuzz {

using Json = nlohmann::ordered_json;

/// `not_behind_keys`: kustomize may not be able to read a map or list again that has a comment behind its key, once a
/// patch empties it or puts it between brackets (docs/kustomize.md).
enum class Comments : std::uint8_t { everywhere, not_behind_keys };

/// One document in block and flow style, with quotes, literals and comments here and there. A string that begins with
/// `kRaw` is written as it is, without quotes.
std::string to_yaml(Random &random, const Json &value, Comments comments = Comments::everywhere);

inline constexpr char kRaw = '\x01';
inline Json raw(const std::string &text) { return Json(std::string(1, kRaw) + text); }

} // namespace ksail::fuzz
