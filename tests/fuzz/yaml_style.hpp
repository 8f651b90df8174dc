// SPDX-License-Identifier: Apache-2.0
// The same data written as YAML in the many ways people write it.
#pragma once

#include "random.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace ksail::fuzz {

using Json = nlohmann::ordered_json;

/// One document in block and flow style, with quotes, literals and comments here and there. A string that begins with
/// `kRaw` is written as it is, without quotes.
std::string to_yaml(Random &random, const Json &value);

inline constexpr char kRaw = '\x01';
inline Json raw(const std::string &text) { return Json(std::string(1, kRaw) + text); }

} // namespace ksail::fuzz
