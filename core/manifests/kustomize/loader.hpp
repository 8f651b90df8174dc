// SPDX-License-Identifier: Apache-2.0
// Which files a kustomization may read, and which directories it may build on.
#pragma once

#include "manifests/kustomize/build.hpp"

#include <filesystem>

namespace ksail::manifests::kustomize {

/// One per kustomization being built. Symbolic links are resolved before anything is allowed.
class Loader {
public:
  static Result<Loader> root(const std::string &directory, LoadRestrictor restrictor);
  /// The text of a file, relative to the directory.
  Result<std::string> load(const std::string &path) const;
  /// The directory of a base or component; refuses cycles.
  Result<Loader> directory(const std::string &path) const;
  const std::filesystem::path &path() const { return path_; }
  /// The one kustomization file of the directory.
  Result<std::string> kustomization_file() const;

private:
  std::filesystem::path path_; ///< canonical
  std::string shown_;          ///< as the user would write it
  LoadRestrictor restrictor_ = LoadRestrictor::root_only;
  std::vector<std::filesystem::path> visited_; ///< from the outermost to this one
};

} // namespace ksail::manifests::kustomize
