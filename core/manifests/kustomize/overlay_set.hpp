// SPDX-License-Identifier: Apache-2.0
// Several kustomizations as one set of objects.
#pragma once

#include "manifests/kustomize/build.hpp"

#include <span>

namespace ksail::manifests::kustomize {

/// Which of two objects with the same identity and other content counts.
enum class Clash : std::uint8_t { refuse, last_wins };

/// Builds every directory, on as many threads as there are processors, and takes out what stands in several: an object
/// that is the same in two of them stays where it came first. One that differs is an error which names both
/// (Code::config), or with Clash::last_wins counts as and where it came last. Results in the order of `directories`;
/// the first directory that fails decides the error. Blocks like build().
Result<std::vector<BuildResult>> build_all(std::span<const std::string> directories, const BuildOptions &options,
                                           Clash clash);

} // namespace ksail::manifests::kustomize
