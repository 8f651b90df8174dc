// SPDX-License-Identifier: Apache-2.0
#include "cli/overlay.hpp"

#include <filesystem>

namespace ksail::cli {

bool is_overlay(const std::string &directory) {
  for (const char *name : {"kustomization.yaml", "kustomization.yml", "Kustomization"}) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(std::filesystem::path(directory) / name, ignored)) return true;
  }
  return false;
}

Result<std::vector<manifests::Object>> build_overlay(const std::string &directory) {
  std::error_code ignored;
  if (!std::filesystem::exists(directory, ignored))
    return Error(Code::not_found, "there is no overlay directory " + directory);
  if (!is_overlay(directory))
    return Error(Code::config, directory + " holds no kustomization.yaml", "-f applies a directory of plain manifests");
  return Error(Code::unimplemented, "this build of ksail has no kustomize engine, so it cannot build " + directory,
               "`kustomize build " + directory + " | ksail workload apply -f -`");
}

} // namespace ksail::cli
