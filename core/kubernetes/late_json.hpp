// SPDX-License-Identifier: Apache-2.0
// JSON that is parsed when somebody looks at it: hardly one of the answers to hundreds of applies is looked at.
#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <utility>

namespace ksail::kubernetes {

/// Not for several threads at once: looking parses.
class LateJson {
public:
  LateJson() : value_(nlohmann::json()) {}
  explicit LateJson(std::string text) : text_(std::move(text)) {}
  LateJson(nlohmann::json value) : value_(std::move(value)) {}

  /// is_discarded() where the text is no JSON. Lives as long as this.
  const nlohmann::json &operator*() const {
    if (!value_) value_ = nlohmann::json::parse(std::exchange(text_, std::string()), nullptr, false);
    return *value_;
  }

private:
  mutable std::string text_;
  mutable std::optional<nlohmann::json> value_; ///< nothing: nobody has looked yet
};

} // namespace ksail::kubernetes
