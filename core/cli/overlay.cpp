// SPDX-License-Identifier: Apache-2.0
#include "cli/overlay.hpp"

#include <filesystem>
#include <iterator>

namespace ksail::cli {

namespace kustomize = manifests::kustomize;

bool is_overlay(const std::string &directory) {
  for (const char *name : kustomize::kustomization_files) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(std::filesystem::path(directory) / name, ignored)) return true;
  }
  return false;
}

std::vector<Option> overlay_options() {
  return {{.name = "load-restrictor",
           .value = "RULE",
           .kind = ValueKind::choice,
           .help = "Which files a kustomization may read: those below its directory, or any",
           .choices = "LoadRestrictionsRootOnly|LoadRestrictionsNone",
           .fallback = "LoadRestrictionsRootOnly"},
          {.name = "enable-helm", .help = "Let helmCharts of a kustomization run the helm program"},
          {.name = "last-wins", .help = "Of an object that is given twice and differs, take the later one"}};
}

Result<std::vector<kustomize::BuildResult>> build_overlays(CommandContext &context,
                                                           const std::vector<std::string> &directories) {
  const auto &invocation = context.invocation;
  kustomize::BuildOptions options;
  if (invocation.value("load-restrictor") == "LoadRestrictionsNone")
    options.load_restrictor = kustomize::LoadRestrictor::none;
  options.enable_helm = invocation.has("enable-helm");
  auto built = kustomize::build_all(
      directories, options, invocation.has("last-wins") ? kustomize::Clash::last_wins : kustomize::Clash::refuse);
  if (built)
    for (const auto &result : *built)
      for (const auto &warning : result.warnings)
        context.progress.warning(warning);
  return built;
}

Result<std::vector<manifests::Object>> overlay_objects(CommandContext &context,
                                                       const std::vector<std::string> &directories) {
  auto built = build_overlays(context, directories);
  if (!built) return built.error();
  std::vector<manifests::Object> objects;
  for (std::size_t i = 0; i < directories.size(); ++i) {
    auto some = kustomize::to_objects((*built)[i], directories[i]);
    if (!some) return some.error();
    std::move(some->begin(), some->end(), std::back_inserter(objects));
  }
  return objects;
}

} // namespace ksail::cli
