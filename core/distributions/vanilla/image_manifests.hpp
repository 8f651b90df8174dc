// SPDX-License-Identifier: Apache-2.0
// The manifests that a node image brings along (/kind/manifests): pod network and storage. Pure.
#pragma once

#include "manifests/object.hpp"

#include <ksail/sdk/result.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::vanilla {

/// Content of the regular file `name` in a tar archive (POSIX ustar), or nothing.
std::optional<std::string> tar_entry(std::string_view archive, std::string_view name);

/// Fills in what the manifest asks for by its marker comments: the pod subnet, and the control plane's endpoint as a
/// variable of the agent.
Result<std::vector<manifests::Object>> network_objects(std::string manifest, const std::string &pod_subnet,
                                                       const std::string &endpoint);
Result<std::vector<manifests::Object>> storage_objects(const std::string &manifest);

} // namespace ksail::vanilla
