// SPDX-License-Identifier: Apache-2.0
// Members of API objects, which may lack anything.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace ksail {

/// The member `key`; null where there is none or `object` is no object. Lives as long as `object` does.
const nlohmann::json &field(const nlohmann::json &object, std::string_view key);

/// The same as text; empty where it is none.
std::string text(const nlohmann::json &object, std::string_view key);

} // namespace ksail
