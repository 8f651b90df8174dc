// SPDX-License-Identifier: Apache-2.0
// Keys of maps that are no strings: kustomize builds nothing with them, and neither does the API server take them.
#pragma once

#include "manifests/node.hpp"

#include <ksail/sdk/result.hpp>

namespace ksail::manifests::kustomize {

/// Refuses an object with a key such as 1, true or 2001-01-01 that is not in quotes. kustomize writes the keys it makes
/// itself (labels, data of generators) without quotes and then refuses them as well.
Result<void> require_string_keys(const Node &object);
/// Marks every key as quoted: what happens to an object that went through JSON.
void quote_keys(Node &node);

} // namespace ksail::manifests::kustomize
