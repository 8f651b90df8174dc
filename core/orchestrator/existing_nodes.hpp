// SPDX-License-Identifier: Apache-2.0
// The nodes of a cluster that has to be there.
#pragma once

#include "orchestrator/cluster.hpp"
#include "orchestrator/node_answer.hpp"

#include <string>
#include <vector>

namespace ksail {

/// One observe call. Code::not_found when nothing carries the cluster's label.
asio::awaitable<Result<std::vector<ProviderNode>>> existing_nodes(Session &session, std::string name,
                                                                  Deadline deadline);

} // namespace ksail
