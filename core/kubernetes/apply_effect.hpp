// SPDX-License-Identifier: Apache-2.0
// Did a server-side apply change anything? Found from its answer alone, without reading the object first. Pure.
#pragma once

#include "kubernetes/client.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace ksail::kubernetes {

struct ApplyAnswer {
  int status = 0;                    ///< 201 is a creation
  std::uint64_t revision_before = 0; ///< a resource version of this server from before the request; 0: none known
  std::optional<std::int64_t> not_before_unix; ///< the server's clock when the request was sent, rounded down
};

/// Resource versions of one API server grow with every write, so an object whose version is not newer than one seen
/// before the request was not written by it. One that is newer was written by this apply only if our field manager's
/// entry was stamped in that time as well: controllers write too.
ApplyEffect apply_effect(const ApplyAnswer &answer, const nlohmann::json &object, std::string_view field_manager);

/// What an apply did whose answer was lost, from the object as it is now; nothing when it changed nothing or never
/// arrived. `not_before_unix` is the server's clock when it was sent, rounded down.
std::optional<ApplyEffect> effect_of_lost_apply(const nlohmann::json &object, std::string_view field_manager,
                                                std::int64_t not_before_unix);

/// metadata.resourceVersion as a number; 0 when it is none.
std::uint64_t revision_of(const nlohmann::json &object);
/// The same of an object's text, which is read no further than to there.
std::uint64_t revision_in(std::string_view object);

} // namespace ksail::kubernetes
