// SPDX-License-Identifier: Apache-2.0
// A directory for what a build fetches or writes, removed when the build is over.
#pragma once

#include <ksail/sdk/result.hpp>

#include <filesystem>
#include <memory>

namespace ksail::manifests::kustomize {

/// A directory only this user can read, gone with the object.
class TemporaryDirectory {
public:
  static Result<std::shared_ptr<const TemporaryDirectory>> make(const std::string &prefix);
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory &) = delete;
  TemporaryDirectory &operator=(const TemporaryDirectory &) = delete;
  const std::filesystem::path &path() const { return path_; }

private:
  explicit TemporaryDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_; ///< canonical
};

} // namespace ksail::manifests::kustomize
