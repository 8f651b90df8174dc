// SPDX-License-Identifier: Apache-2.0
// Which files a kustomization may read, and which directories and repositories it may build on.
#pragma once

#include "manifests/kustomize/build.hpp"
#include "manifests/kustomize/build_metadata.hpp"
#include "manifests/kustomize/git_url.hpp"
#include "manifests/kustomize/temporary_directory.hpp"

#include <filesystem>
#include <map>
#include <optional>

namespace ksail::manifests::kustomize {

/// One per kustomization being built. Symbolic links are resolved before anything is allowed. Everything a remote base
/// reads has to stand in its repository.
class Loader {
public:
  /// A directory or a git URL.
  static Result<Loader> root(const std::string &directory, const BuildOptions &options);
  /// The text of a file, relative to the directory, or of a URL.
  Result<std::string> load(const std::string &path) const;
  /// The text of an entry of `resources`; nothing when it is a directory or a repository.
  Result<std::optional<std::string>> file(const std::string &path) const;
  /// The directory of a base or component, or its repository; refuses cycles.
  Result<Loader> directory(const std::string &path) const;
  const std::filesystem::path &path() const { return path_; }
  /// The one kustomization file of the directory.
  Result<std::string> kustomization_file() const;
  /// Where this directory comes from, which `parent` calls `path`.
  Origin origin_from(const Origin &parent, const std::string &path) const;

private:
  /// Of a whole build: what was cloned once need not be cloned again.
  struct Session {
    BuildOptions options;
    std::map<std::string, std::shared_ptr<const TemporaryDirectory>> clones; ///< by repository, ref and submodules
  };
  static Result<Loader> repository(std::shared_ptr<Session> session, const GitUrl &url, const std::string &shown);

  std::filesystem::path path_; ///< canonical
  std::string shown_;          ///< as the user would write it
  LoadRestrictor restrictor_ = LoadRestrictor::root_only;
  std::vector<std::filesystem::path> visited_; ///< from the outermost to this one
  std::vector<std::string> urls_;              ///< the same for repositories
  std::shared_ptr<Session> session_;
  std::shared_ptr<const TemporaryDirectory> clone_; ///< what this stands in; nullptr: local
  std::optional<GitUrl> url_;                       ///< when this is the base a URL names
};

} // namespace ksail::manifests::kustomize
