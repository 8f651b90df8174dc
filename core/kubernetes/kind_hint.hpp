// SPDX-License-Identifier: Apache-2.0
// What may have been meant by a kind that the server does not have. Pure.
#pragma once

#include "kubernetes/client.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ksail::kubernetes {

/// A hint for an error: the built-in kind of that or nearly that name, or one of `served`, what the server has in that
/// API version. Empty when nothing is near.
std::string kind_hint(std::string_view api_version, std::string_view kind, const std::vector<ResourceInfo> &served);

} // namespace ksail::kubernetes
