// SPDX-License-Identifier: Apache-2.0
// Members of the engine's answers, which may lack anything.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace ksail::docker {

/// Empty where `object` is no object or has no such text.
inline std::string text(const nlohmann::json &object, const char *name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The object or list below `name`, or an empty object: the engine writes null for empty ones. Lives as long as
/// `object` does.
inline const nlohmann::json &member(const nlohmann::json &object, const char *name) {
  static const nlohmann::json none = nlohmann::json::object();
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found != object.end() && found->is_structured() ? *found : none;
}

} // namespace ksail::docker
