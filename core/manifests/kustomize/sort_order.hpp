// SPDX-License-Identifier: Apache-2.0
// The order of kinds in which kustomize prints objects and in which its name references take effect.
#pragma once

#include "manifests/kustomize/resource.hpp"

namespace ksail::manifests::kustomize {

bool sorts_before(const Gvk &a, const Gvk &b);

} // namespace ksail::manifests::kustomize
