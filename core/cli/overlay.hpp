// SPDX-License-Identifier: Apache-2.0
// Objects of a kustomize overlay.
#pragma once

#include "manifests/object.hpp"

#include <ksail/sdk/result.hpp>

#include <string>
#include <vector>

namespace ksail::cli {

/// Whether the directory holds a kustomization (kustomization.yaml, kustomization.yml or Kustomization).
bool is_overlay(const std::string &directory);
/// Builds it in process.
Result<std::vector<manifests::Object>> build_overlay(const std::string &directory);

} // namespace ksail::cli
