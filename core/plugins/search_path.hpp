// SPDX-License-Identifier: Apache-2.0
// Where plugins are looked for.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace ksail::plugins {

/// One place: the directory of manifests and the directory of the libraries they name (often the same).
struct SearchDir {
  std::filesystem::path manifests;
  std::filesystem::path libraries;
  SearchDir() = default;
  SearchDir(std::filesystem::path m, std::filesystem::path l) : manifests(std::move(m)), libraries(std::move(l)) {}
  explicit SearchDir(const std::filesystem::path &both) : manifests(both), libraries(both) {}
};

/// Places in order of preference: of two plugins with one id the first wins.
struct SearchPath {
  std::vector<SearchDir> dirs;
  std::vector<std::string> warnings; ///< what of the environment was ignored, and why
};

/// The search path of this process:
///  1. the directories of KSAIL_PLUGIN_PATH (':'-separated, absolute ones only; ignored when the process runs with
///  raised
///     privileges), each holding manifests and libraries side by side;
///  2. `plugins/` of the build tree that the executable stands in (the nearest directory above it, at most three up,
///  that
///     holds CMakeCache.txt);
///  3. $XDG_DATA_HOME/ksail/plugins when `allow_user` (ksail.yaml: plugins.allow_user);
///  4. `../<libdir>/ksail/plugins` and `../<datadir>/ksail/plugins.d` relative to the executable, as installed.
/// The executable is found through /proc/self/exe, so links to it do not matter. Places that do not exist are listed
/// too.
SearchPath default_search_path(bool allow_user);

/// The file that this process runs.
std::filesystem::path executable_path();

} // namespace ksail::plugins
