// SPDX-License-Identifier: Apache-2.0
// The built-in generators and transformers, configured by objects of their own instead of fields of a kustomization.
#pragma once

#include "manifests/kustomize/helm_chart.hpp"
#include "manifests/kustomize/transformers.hpp"

namespace ksail::manifests::kustomize {

struct PluginSetting : PatchSetting {
  Owned &owned;
  HelmSetting helm;
  std::string directory; ///< name of the kustomization's directory
};

/// `config` has apiVersion "builtin" and the kind of the generator. Everything else would be a program of its own, an
/// image or a shared object, and is refused by name (Code::unimplemented).
Result<Resources> run_generator(const PluginSetting &setting, const Resource &config);
Result<void> run_transformer(const PluginSetting &setting, const Resource &config, Resources &resources);

} // namespace ksail::manifests::kustomize
