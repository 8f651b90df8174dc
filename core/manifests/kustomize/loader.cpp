// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/loader.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace ksail::manifests::kustomize {
namespace {

namespace fs = std::filesystem;

bool within(const fs::path &path, const fs::path &directory) {
  const auto [end, ignored] = std::mismatch(directory.begin(), directory.end(), path.begin(), path.end());
  return end == directory.end();
}

bool is_remote(const std::string &path) {
  return path.find("://") != path.npos || path.starts_with("git@") || path.starts_with("github.com/");
}

Error remote(const std::string &path) {
  return {Code::unimplemented, "remote resources are not built in process: " + path,
          "clone it and name the directory, or use `kustomize build DIR | ksail workload apply -f -`"};
}

} // namespace

Result<Loader> Loader::root(const std::string &directory, LoadRestrictor restrictor) {
  if (is_remote(directory)) {
    return remote(directory);
  }
  std::error_code error;
  Loader loader;
  loader.path_ = fs::canonical(directory, error);
  if (error || !fs::is_directory(loader.path_, error)) {
    return Error(Code::not_found, "there is no directory " + directory, "name a directory with a kustomization.yaml");
  }
  loader.shown_ = directory;
  loader.restrictor_ = restrictor;
  loader.visited_ = {loader.path_};
  return loader;
}

Result<std::string> Loader::load(const std::string &path) const {
  if (is_remote(path)) {
    return remote(path);
  }
  std::error_code error;
  const auto full = fs::canonical(path_ / path, error);
  if (error) {
    return Error(Code::not_found, "there is no file " + path + " in " + shown_);
  }
  if (fs::is_directory(full, error)) {
    return Error(Code::config, path + " in " + shown_ + " is a directory, not a file");
  }
  if (restrictor_ == LoadRestrictor::root_only && !within(full.parent_path(), path_)) {
    return Error(Code::config, "security: the file " + path + " is not in or below " + shown_,
                 "move it there, make a base of its directory, or use --load-restrictor LoadRestrictionsNone");
  }
  std::ifstream in(full, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) {
    return Error(Code::permission_denied, "cannot read the file " + path + " in " + shown_);
  }
  return std::move(text).str();
}

Result<Loader> Loader::directory(const std::string &path) const {
  if (is_remote(path)) {
    return remote(path);
  }
  if (path.empty() || fs::path(path).is_absolute()) {
    return Error(Code::config, path.empty() ? "an empty path stands among the directories of " + shown_
                                            : "the path of a base has to be relative: " + path);
  }
  std::error_code error;
  Loader loader;
  loader.path_ = fs::canonical(path_ / path, error);
  if (error || !fs::is_directory(loader.path_, error)) {
    return Error(Code::not_found, "there is neither a file nor a directory " + path + " in " + shown_);
  }
  for (const auto &visited : visited_) {
    if (within(visited, loader.path_)) {
      return Error(Code::config,
                   "cycle: " + shown_ + " builds on " + path + ", which holds " + visited.filename().string() +
                       ", which is being built",
                   "a base may not stand above what uses it");
    }
  }
  loader.shown_ = (fs::path(shown_) / path).lexically_normal().string();
  loader.restrictor_ = restrictor_;
  loader.visited_ = visited_;
  loader.visited_.push_back(loader.path_);
  return loader;
}

Result<std::string> Loader::kustomization_file() const {
  std::string found;
  for (const char *name : {"kustomization.yaml", "kustomization.yml", "Kustomization"}) {
    std::error_code error;
    if (fs::is_regular_file(path_ / name, error)) {
      if (!found.empty()) {
        return Error(Code::config, shown_ + " holds both " + found + " and " + name, "keep one of them");
      }
      found = name;
    }
  }
  if (found.empty()) {
    return Error(Code::config, shown_ + " holds no kustomization.yaml, kustomization.yml or Kustomization");
  }
  return found;
}

} // namespace ksail::manifests::kustomize
