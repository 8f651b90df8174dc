// SPDX-License-Identifier: Apache-2.0
// Objects that are in another inventory, and would change into this one without a word: an object can be in one only,
// since a label says so. KEP-3659 wants such an overlap to be noticed; `kubectl apply --applyset` of 1.34 does not.
#pragma once

#include "kubernetes/apply_set.hpp"
#include "kubernetes/client.hpp"

#include <ksail/sdk/async.hpp>

#include <map>
#include <string>
#include <string_view>

namespace ksail {

/// By uid: the inventory an object belongs to, "Secret shop/web", or its id where its parent cannot be found.
using OtherInventories = std::map<std::string, std::string, std::less<>>;

/// Looks for members of inventories other than `own` among these kinds and namespaces. Nothing of this fails: what may
/// not be listed is not in the answer.
asio::awaitable<OtherInventories> other_inventories(kubernetes::Client &client, kubernetes::ApplySetParent own,
                                                    kubernetes::ApplySetContents where, std::size_t concurrency,
                                                    Deadline deadline);

/// What is to be said of an object that was just applied; empty when it was in no other inventory.
std::string taken_over(const OtherInventories &others, std::string_view uid, const kubernetes::ApplySetParent &own);

} // namespace ksail
