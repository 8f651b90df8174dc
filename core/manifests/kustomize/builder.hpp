// SPDX-License-Identifier: Apache-2.0
// Builds one kustomization after the other, from the bases up.
#pragma once

#include "manifests/kustomize/build.hpp"
#include "manifests/kustomize/build_metadata.hpp"
#include "manifests/kustomize/builtin_plugins.hpp"
#include "manifests/kustomize/gathered.hpp"
#include "manifests/kustomize/loader.hpp"
#include "manifests/kustomize/schema.hpp"

#include <optional>

namespace ksail::manifests::kustomize {

/// One per build; owns the objects, whose nodes live in the result's arena.
class Builder {
public:
  Builder(BuildResult &result, const BuildOptions &options)
      : arena_(*result.arena), warnings_(result.warnings), options_(options), metadata_(arena_) {}
  /// The objects in output order.
  Result<Resources> run(const Loader &loader);

private:
  /// What a kustomization has from the one that builds on it.
  struct Inherited {
    std::string shown;          ///< how the directory is named in errors; empty for the outermost
    std::string helm_namespace; ///< of charts that name none
    Origin origin;
  };
  /// One kustomization being built.
  struct Target {
    const Kustomization &k;
    const std::string &file; ///< name of the kustomization file
    const Loader &loader;
    const Loaded &load;
    Gathered &gathered;
    const Inherited &inherited;
  };

  /// Builds one directory into `gathered`: what a component finds there is the parent's.
  Result<Kustomization> build(const Loader &loader, Gathered &gathered, bool as_component, const Inherited &inherited);
  Result<void> use_schema(const Kustomization &k, const Loaded &load, bool outermost);
  /// Files, and directories or repositories that are built.
  Result<void> entries(const Target &target, const std::vector<std::string> &paths, Gathered &into);
  Result<void> directory(const Target &target, const std::string &path, Gathered &into, bool as_component);
  Result<void> components(const Target &target);
  Result<void> configurations(const Target &target);
  Result<void> generators(const Target &target);
  Result<void> generated(const Target &target, const char *field);
  Result<void> charts(const Target &target);
  HelmSetting helm_setting(const Loader &loader) const;
  PatchSetting patch_setting(const Target &target);
  PluginSetting plugin_setting(const Target &target);
  const Schema *schema() const { return schema_ ? &*schema_ : nullptr; }
  Result<void> transform(const Target &target);
  Result<void> transform_step(const Target &target, const char *field);
  Result<void> validate(const Target &target);
  Result<void> finish(Gathered &gathered, const Kustomization &k);
  /// The configurations of plugins under `generators`, `transformers` or `validators`: inline, files or directories.
  Result<Resources> plugins(const Target &target, const char *field);

  Arena &arena_;
  std::vector<std::string> &warnings_;
  const BuildOptions &options_;
  Owned owned_;
  std::optional<Schema> schema_;
  bool schema_needed_ = false; ///< kustomize has read one; its own, when a base or component brings another later
  bool schema_chosen_ = false; ///< the first kustomization that chooses decides, the outermost above all
  BuildMetadata metadata_;
};

} // namespace ksail::manifests::kustomize
