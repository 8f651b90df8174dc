// SPDX-License-Identifier: Apache-2.0
// REST mapping of the kinds every Kubernetes API server has, so that they need no discovery.
#pragma once

#include "kubernetes/client.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace ksail::kubernetes {

/// Of exactly that group version, e.g. "apps/v1" "Deployment". Source: the API reference of Kubernetes 1.34; kinds that
/// cannot be stored (reviews, bindings, evictions) are left out.
std::optional<ResourceInfo> known_kind(std::string_view api_version, std::string_view kind);

std::vector<ResourceInfo> known_kinds();
/// In whatever version; of several the newest.
std::optional<ResourceInfo> known_kind_of_group(std::string_view group, std::string_view kind);

} // namespace ksail::kubernetes
