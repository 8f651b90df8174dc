// SPDX-License-Identifier: Apache-2.0
#include <plugins/inspection.hpp>
#include <plugins/text.hpp>

#include <ksail/sdk/letter_case.hpp>

#include <algorithm>

namespace ksail::plugins {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_manifests = 256; ///< per directory; a plugin directory never has more

std::vector<fs::path> manifests_in(const fs::path &directory) {
  std::vector<fs::path> files;
  std::error_code problem;
  fs::directory_iterator at(directory, problem);
  while (!problem && at != fs::directory_iterator() && files.size() < max_manifests) {
    if (at->path().extension() == ".json") files.push_back(at->path());
    at.increment(problem);
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// What the manifest's file is called stands for its id when it cannot be read.
std::string id_of(const Found &found) { return found.manifest_path.stem().string(); }

bool called(const Found &found, std::string_view name) {
  return found.manifest ? found.manifest->provides(name) : equal_ignoring_case(id_of(found), name);
}

} // namespace

std::vector<Found> discover(const SearchPath &path) {
  std::vector<Found> all;
  std::vector<fs::path> seen;
  for (const auto &place : path.dirs) {
    // One directory may be named twice, through links or by KSAIL_PLUGIN_PATH.
    std::error_code problem;
    const fs::path directory = fs::canonical(place.manifests, problem);
    if (problem || std::find(seen.begin(), seen.end(), directory) != seen.end()) continue;
    seen.push_back(directory);
    for (const auto &file : manifests_in(directory)) {
      Found found = read_manifest(file, place.libraries == place.manifests ? directory : place.libraries);
      found.shadowed = std::any_of(all.begin(), all.end(), [&](const Found &f) { return id_of(f) == id_of(found); });
      all.push_back(std::move(found));
    }
  }
  return all;
}

Result<Found> find_plugin(const std::vector<Found> &found, std::string_view name) {
  for (const auto &candidate : found)
    if (!candidate.shadowed && called(candidate, name)) return candidate;
  std::string known;
  for (const auto &candidate : found) {
    if (candidate.shadowed || !candidate.manifest) continue;
    const auto &names = candidate.manifest->provider_names;
    known += (known.empty() ? "" : ", ") + (names.empty() ? candidate.manifest->id : names.front());
  }
  const std::string wanted = clean_text(name, 64);
  return Error(Code::plugin, "no plugin called \"" + wanted + "\" is installed",
               (known.empty() ? "there are no plugins at all; " : "there are: " + known + "; ") +
                   "install the package ksail-plugin-" + ascii_lower(wanted) +
                   ", or name the plugin's directory in KSAIL_PLUGIN_PATH");
}

namespace {

/// The manifest that belongs to a library: beside it, or where an installation keeps it.
fs::path manifest_for(const fs::path &library) {
  const fs::path name = library.stem().string() + ".json";
  std::error_code ignored;
  const fs::path beside = library.parent_path() / name;
  if (fs::exists(beside, ignored)) return beside;
  for (const auto &place : default_search_path(true).dirs)
    if (fs::equivalent(place.libraries, library.parent_path(), ignored) && fs::exists(place.manifests / name, ignored))
      return place.manifests / name;
  return {};
}

/// Where the library of an installed manifest lies.
fs::path libraries_for(const fs::path &manifest) {
  std::error_code ignored;
  for (const auto &place : default_search_path(true).dirs)
    if (place.libraries != place.manifests && fs::equivalent(place.manifests, manifest.parent_path(), ignored))
      return place.libraries;
  return manifest.parent_path();
}

} // namespace

Result<VerifyReport> verify(const fs::path &given) {
  std::error_code problem;
  const fs::path file = fs::absolute(given, problem).lexically_normal();
  if (problem || !fs::exists(fs::symlink_status(file, problem)))
    return Error(Code::not_found, "plugin file " + given.string() + " does not exist",
                 "give the path of a plugin's manifest (.json) or library (.so)");
  Found found;
  VerifyReport report;
  if (file.extension() == ".json") {
    found = read_manifest(file, libraries_for(file));
  } else {
    const fs::path manifest = manifest_for(file);
    if (manifest.empty())
      return Error(Code::plugin,
                   "plugin library " + file.string() + " has no manifest " + file.stem().string() + ".json beside it",
                   "put the manifest it was built with beside it, or install the plugin's package again");
    found = read_manifest(manifest, file.parent_path());
    if (found.manifest && found.library_path.filename() != file.filename())
      found.manifest = Error(Code::plugin,
                             "plugin manifest " + manifest.string() + ": names the library " + found.manifest->library +
                                 ", not " + file.filename().string(),
                             "install both files from the same package version");
  }
  report.manifest_path = found.manifest_path;
  report.library_path = found.library_path;
  if (!found.manifest) {
    VerifyCheck check;
    check.name = "manifest";
    check.message = found.manifest.error().message;
    check.hint = found.manifest.error().hint;
    report.checks.push_back(std::move(check));
    return report;
  }
  report.manifest = *found.manifest;
  report.checks = inspect(found).checks;
  return report;
}

} // namespace ksail::plugins
