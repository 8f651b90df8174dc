// SPDX-License-Identifier: Apache-2.0
// `buildMetadata`: where objects come from and what changed them, as annotations.
#pragma once

#include "manifests/kustomize/resource.hpp"

#include <deque>
#include <string>

namespace ksail::manifests::kustomize {

/// Where a kustomization stands: below the outermost one, or below the root of a repository.
struct Origin {
  std::string path; ///< of the directory; empty for the outermost
  std::string repo; ///< of a remote base
  std::string ref;
};

/// Records while a build goes on. Does nothing unless the outermost kustomization has `buildMetadata`.
class BuildMetadata {
public:
  explicit BuildMetadata(Arena &arena) : arena_(arena) {}
  void ask_for(const std::vector<std::string> &values);
  bool managed_by_label() const { return managed_by_; }

  void loaded(const Resources &resources, const Origin &origin, const std::string &file);
  /// By a field of a kustomization; `kind` is that of the built-in generator.
  void generated(Resource &resource, const Origin &origin, const std::string &kustomization, const char *kind);
  void transformed(const Resources &resources, const Origin &origin, const std::string &kustomization,
                   const char *kind);
  /// By the configuration of a plugin, which has an origin of its own.
  void generated_by(Resource &resource, const Resource &config);
  void transformed_by(const Resources &resources, const Resource &config);

  /// The annotations, once everything is done.
  void write(Resource &resource) const;

private:
  void transformed_as(const Resources &resources, const std::string *text);
  const std::string *keep(std::string text);
  Arena &arena_;
  bool tracking_ = false;
  bool origins_ = false;
  bool transformers_ = false;
  bool managed_by_ = false;
  std::deque<std::string> texts_; ///< resources point to them; many share one
};

} // namespace ksail::manifests::kustomize
