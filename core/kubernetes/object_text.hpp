// SPDX-License-Identifier: Apache-2.0
// An object as YAML for people to read. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace ksail::kubernetes {

/// Block style with keys in alphabetical order, texts of several lines as literal blocks, and quotes where kubectl
/// would read something else than a string. Reads back to the same value.
std::string yaml_text(const nlohmann::json &value);

} // namespace ksail::kubernetes
