// SPDX-License-Identifier: Apache-2.0
// Charts, which the `helm` program turns into objects.
#pragma once

#include "manifests/kustomize/transformers.hpp"

#include <filesystem>

namespace ksail::manifests::kustomize {

struct HelmSetting {
  bool enabled = false;
  std::string command = "helm";
  std::filesystem::path directory; ///< of the kustomization
  bool root_only = true;           ///< charts and values have to stand below the directory
};

/// Runs `helm pull` where the chart is not there yet, and `helm template`. `chart` is one entry of helmCharts,
/// `globals` helmGlobals. Refused unless enabled (Code::failed_precondition). Blocks on the program.
Result<Resources> inflate_chart(Arena &arena, Owned &owned, const HelmSetting &setting, const Json &chart,
                                const Json &globals, const Loaded &load);

} // namespace ksail::manifests::kustomize
