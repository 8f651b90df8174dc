// SPDX-License-Identifier: Apache-2.0
// Finding, checking and loading plugins. Errors have Code::plugin and name the file, both ABI versions where they
// matter, and the remedy.
#pragma once

#include <plugins/host_services.hpp>
#include <plugins/manifest.hpp>
#include <plugins/provider.hpp>
#include <plugins/search_path.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::plugins {

/// A manifest on the search path, without anything loaded.
struct Found {
  std::filesystem::path manifest_path;
  std::filesystem::path library_path;  ///< absolute; empty when the manifest cannot be read
  Result<Manifest> manifest = Error(); ///< or why it is refused
  bool shadowed = false;               ///< an earlier place has a plugin with this id
};

/// Reads every `*.json` on the path, sorted by directory and name. Never loads or opens a library.
std::vector<Found> discover(const SearchPath &path);

/// Loads the provider called `provider_name` (a provider name of its manifest or its id, any case) after all trust
/// checks. Loading twice gives two Provider objects over one plugin. `services` must live until shutdown_all(); a
/// second load replaces it. Costs about a millisecond: the plugin starts its threads at the first call. [one thread at
/// a time]
Result<std::unique_ptr<Provider>> load_provider(std::string_view provider_name, const SearchPath &path,
                                                asio::any_io_executor executor, HostServices &services);

/// One check of verify().
struct VerifyCheck {
  std::string name; ///< "owner", "manifest", "abi", …
  bool ok = false;
  std::string message; ///< what was found
  std::string hint;    ///< what to do when not ok
};

struct VerifyReport {
  std::filesystem::path manifest_path;
  std::filesystem::path library_path;
  Manifest manifest;
  std::vector<VerifyCheck> checks; ///< in the order made; a check that could not be made is missing
  bool ok() const {
    for (const auto &check : checks)
      if (!check.ok) return false;
    return !checks.empty();
  }
};

/// Checks one plugin, given the path of its manifest or of its library (the manifest is then `<id>.json` beside it, or
/// in the installed manifest directory), without executing any of its code. A failure only when there is nothing to
/// check.
Result<VerifyReport> verify(const std::filesystem::path &file);

/// The plugin of that id or provider name among `found` (not shadowed), or an error that names those there are.
Result<Found> find_plugin(const std::vector<Found> &found, std::string_view name);

/// Ends every plugin loaded so far: cancels what is in flight and stops its threads, within `grace` altogether.
/// Libraries stay mapped. Plugins cannot be used afterwards. [one thread at a time]
void shutdown_all(std::chrono::nanoseconds grace);

} // namespace ksail::plugins
