// SPDX-License-Identifier: Apache-2.0
// `kustomize build` in process, with the behaviour of kustomize 5.8.1. Comments are lost, as there.
#pragma once

#include "manifests/node.hpp"
#include "manifests/object.hpp"

#include <ksail/sdk/result.hpp>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace ksail::manifests::kustomize {

/// What the file that describes a kustomization may be called.
inline constexpr std::array<const char *, 3> kustomization_files{"kustomization.yaml", "kustomization.yml",
                                                                 "Kustomization"};

/// What a kustomization may read besides what is in or below its own directory.
enum class LoadRestrictor : std::uint8_t { root_only, none };

struct BuildOptions {
  LoadRestrictor load_restrictor = LoadRestrictor::root_only;
  bool enable_helm = false;          ///< helmCharts may run the `helm` program
  std::string helm_command = "helm"; ///< looked up in PATH
  std::string git_command = "git";   ///< for remote bases
};

/// The built objects in output order. Movable; the nodes live as long as this does.
struct BuildResult {
  std::unique_ptr<Arena> arena;
  std::vector<const Node *> objects;
  std::vector<std::string> warnings; ///< deprecated fields in use, one sentence each
};

/// Builds the kustomization in `directory` (or at a git URL). Blocks on files, and on the `git` program for remote
/// bases. May be called on several threads at once. Errors name kustomization, field and remedy (Code::config;
/// not_found for missing files).
Result<BuildResult> build(const std::string &directory, const BuildOptions &options);

/// The whole result as YAML, documents separated by "---", byte for byte what kustomize prints.
Result<std::string> to_yaml(const BuildResult &result);
/// As objects for applying; `directory` is what errors name.
Result<std::vector<Object>> to_objects(const BuildResult &result, const std::string &directory);

} // namespace ksail::manifests::kustomize
