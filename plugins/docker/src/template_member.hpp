// SPDX-License-Identifier: Apache-2.0
// Members of a node's template, whose types have been checked, and which may be left out.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <utility>

namespace ksail::docker {

/// Option of a volume: it starts empty, whatever the image has there.
inline constexpr const char *empty_volume = "empty";

inline std::string text_or(const nlohmann::json &object, const char *name, std::string otherwise) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

inline bool flag(const nlohmann::json &object, const char *name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

inline nlohmann::json list(const nlohmann::json &object, const char *name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : nlohmann::json::array();
}

/// "/tmp:size=1g" -> "/tmp", "size=1g"
inline std::pair<std::string, std::string> split_options(const std::string &value) {
  const auto colon = value.find(':');
  if (colon == std::string::npos) return {value, ""};
  return {value.substr(0, colon), value.substr(colon + 1)};
}

} // namespace ksail::docker
