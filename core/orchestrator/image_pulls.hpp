// SPDX-License-Identifier: Apache-2.0
// Images on the provider's side, before nodes are made from them.
#pragma once

#include "distributions/distribution.hpp"
#include "orchestrator/cluster.hpp"

#include <map>
#include <string>
#include <vector>

namespace ksail {

/// One `prefetch` call for all of them; what is pulled becomes a span of its own, `pull:<ref>`. By the ref of
/// ImageNeed.
asio::awaitable<Result<std::map<std::string, ImageFacts>>> pull_images(Session &session, std::vector<ImageNeed> needs,
                                                                       nlohmann::json labels, std::string operation_id,
                                                                       Deadline deadline);

} // namespace ksail
