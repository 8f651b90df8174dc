// SPDX-License-Identifier: Apache-2.0
// Which object belongs to which: ownerReferences as a tree. Pure.
// https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <vector>

namespace ksail::kubernetes {

struct OwnedObjects {
  /// By index of the owner: what it controls (or, without a controller, owns), in the order given.
  std::vector<std::vector<std::size_t>> children;
  std::vector<std::size_t> roots; ///< whose owner is not among the objects
};

/// Matches by uid. An object that is its own ancestor (which no server would allow for long) is a root.
OwnedObjects owner_tree(const std::vector<nlohmann::json> &objects);

} // namespace ksail::kubernetes
