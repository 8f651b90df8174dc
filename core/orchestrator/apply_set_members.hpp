// SPDX-License-Identifier: Apache-2.0
// Objects that carry the label of an ApplySet: found by kind and namespace, as KEP-3659 has it, since nothing lists
// them.
#pragma once

#include "kubernetes/apply_set.hpp"
#include "kubernetes/client.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>

namespace ksail {

using MemberSink = std::function<void(const kubernetes::ResourceInfo &, const nlohmann::json &)>;

/// Calls `found` once for each object of these kinds and namespaces that the label selector picks, in no particular
/// order, on the client's executor. A kind that the server does not know has no members; where one may not be listed,
/// the others are, and it fails in the end.
asio::awaitable<Result<void>> find_members(kubernetes::Client &client, kubernetes::ApplySetContents where,
                                           std::string selector, MemberSink found, std::size_t concurrency,
                                           Deadline deadline);

} // namespace ksail
