// SPDX-License-Identifier: Apache-2.0
// Objects of kustomize overlays.
#pragma once

#include "cli/command_context.hpp"
#include "manifests/kustomize/overlay_set.hpp"
#include "manifests/object.hpp"

#include <ksail/sdk/result.hpp>

#include <string>
#include <vector>

namespace ksail::cli {

/// Whether the directory holds a kustomization (kustomization.yaml, kustomization.yml or Kustomization).
bool is_overlay(const std::string &directory);

/// --load-restrictor, --enable-helm, --last-wins: what every command that takes overlays has, for the command table.
std::vector<Option> overlay_options();

/// Builds overlays in process and side by side, as kustomize 5.8.1 does, with the options above. Warns of deprecated
/// fields. Errors name kustomization and field.
Result<std::vector<manifests::kustomize::BuildResult>> build_overlays(CommandContext &context,
                                                                      const std::vector<std::string> &directories);
/// The same as objects to apply, those of the first directory first.
Result<std::vector<manifests::Object>> overlay_objects(CommandContext &context,
                                                       const std::vector<std::string> &directories);

} // namespace ksail::cli
