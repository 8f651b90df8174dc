// SPDX-License-Identifier: Apache-2.0
// What a provider tells of the place the nodes run on (sdk/docs/provider-1.md), typed. Missing members read as their
// defaults: a provider may know less. Pure.
#pragma once

#include "distributions/distribution.hpp"

namespace ksail {

/// Of the answer to `validate`.
HostFacts parse_host(const nlohmann::json &answer);
/// Of the answer to `ensure_infrastructure`.
NetworkFacts parse_network(const nlohmann::json &answer);

} // namespace ksail
