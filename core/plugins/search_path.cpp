// SPDX-License-Identifier: Apache-2.0
#include <plugins/search_path.hpp>

#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace ksail::plugins {

namespace {

namespace fs = std::filesystem;

bool raised_privileges() { return ::getuid() != ::geteuid() || ::getgid() != ::getegid(); }

void add_environment(SearchPath &path) {
  const char *given = std::getenv("KSAIL_PLUGIN_PATH");
  if (!given || !*given) return;
  // secure_getenv also knows file capabilities and the like.
  if (raised_privileges() || !::secure_getenv("KSAIL_PLUGIN_PATH")) {
    path.warnings.emplace_back("KSAIL_PLUGIN_PATH is ignored: ksail runs with raised privileges");
    return;
  }
  std::string_view rest = given;
  for (;;) {
    const auto colon = rest.find(':');
    const std::string_view entry = rest.substr(0, colon);
    const fs::path directory(entry);
    if (directory.is_absolute())
      path.dirs.emplace_back(directory);
    else if (!entry.empty())
      path.warnings.push_back("KSAIL_PLUGIN_PATH: " + std::string(entry) +
                              " is ignored, only absolute paths are taken");
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
}

void add_build_tree(SearchPath &path, const fs::path &directory) {
  constexpr int levels = 3;
  std::error_code ignored;
  fs::path above = directory;
  for (int i = 0; i <= levels && above.has_relative_path(); ++i, above = above.parent_path())
    if (fs::exists(above / "CMakeCache.txt", ignored)) {
      path.dirs.emplace_back(above / "plugins");
      return;
    }
}

void add_user(SearchPath &path) {
  if (raised_privileges()) return;
  const char *data = ::secure_getenv("XDG_DATA_HOME");
  const char *home = ::secure_getenv("HOME");
  if (data && *data == '/')
    path.dirs.emplace_back(fs::path(data) / "ksail/plugins");
  else if (home && *home == '/')
    path.dirs.emplace_back(fs::path(home) / ".local/share/ksail/plugins");
}

} // namespace

fs::path executable_path() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored);
}

SearchPath default_search_path(bool allow_user) {
  SearchPath path;
  add_environment(path);
  const fs::path directory = executable_path().parent_path();
  if (!directory.empty()) add_build_tree(path, directory);
  if (allow_user) add_user(path);
  if (!directory.empty())
    path.dirs.emplace_back((directory / KSAIL_DATADIR_FROM_BIN / "ksail/plugins.d").lexically_normal(),
                           (directory / KSAIL_LIBDIR_FROM_BIN / "ksail/plugins").lexically_normal());
  return path;
}

} // namespace ksail::plugins
