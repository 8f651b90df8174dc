// SPDX-License-Identifier: Apache-2.0
// Removing what belongs to a cluster, by label.
#pragma once

#include "orchestrator/cluster.hpp"

#include <string>

namespace ksail {

/// Removes what one creation made (label ksail.operation), and nothing of another one that holds the same name. For use
/// after a failure: has a deadline of its own.
asio::awaitable<Result<void>> roll_back(Session &session, std::string cluster, std::string operation_id);

} // namespace ksail
