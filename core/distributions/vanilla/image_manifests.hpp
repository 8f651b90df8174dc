// SPDX-License-Identifier: Apache-2.0
// The manifests that a node image brings along (/kind/manifests): pod network and storage. Pure.
#pragma once

#include "manifests/object.hpp"

#include <ksail/sdk/result.hpp>

#include <string>
#include <vector>

namespace ksail::vanilla {

/// Fills in what the manifest asks for by its marker comments: the pod subnet, and the control plane's endpoint as a
/// variable of the agent.
Result<std::vector<manifests::Object>> network_objects(std::string manifest, const std::string &pod_subnet,
                                                       const std::string &endpoint);
Result<std::vector<manifests::Object>> storage_objects(const std::string &manifest);

} // namespace ksail::vanilla
