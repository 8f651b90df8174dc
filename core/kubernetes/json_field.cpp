// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/json_field.hpp"

#include <nlohmann/json.hpp>

namespace ksail {

using nlohmann::json;

const json &field(const json &object, std::string_view key) {
  static const json none = nullptr;
  if (!object.is_object()) return none;
  const auto found = object.find(key);
  return found == object.end() ? none : *found;
}

std::string text(const json &object, std::string_view key) {
  const json &value = field(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

} // namespace ksail
