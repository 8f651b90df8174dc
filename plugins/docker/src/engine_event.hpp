// SPDX-License-Identifier: Apache-2.0
// One line of GET /events.
#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace ksail::docker {

/// The event of provider-1.md's `watch` for a line of the engine's stream; nullopt for what is no news about a node
/// (exec and copy are reported by the engine, too) or no event at all.
std::optional<nlohmann::json> node_event(std::string_view line);

} // namespace ksail::docker
