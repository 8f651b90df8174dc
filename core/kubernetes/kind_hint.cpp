// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/kind_hint.hpp"

#include "kubernetes/known_kinds.hpp"
#include "kubernetes/near_word.hpp"

namespace ksail::kubernetes {

namespace {

std::string version_of(const ResourceInfo &info) { return (info.group.empty() ? "" : info.group + "/") + info.version; }

} // namespace

std::string kind_hint(std::string_view api_version, std::string_view kind, const std::vector<ResourceInfo> &served) {
  for (const auto &info : served)
    if (near_word(info.kind, kind)) return "did you mean " + info.kind + "?";
  const auto known = known_kinds();
  const ResourceInfo *found = nullptr;
  for (const auto &info : known)
    if (info.kind == kind && version_of(info) != api_version) found = &info;
  if (found != nullptr) return found->kind + " is in " + version_of(*found);
  for (const auto &info : known)
    if (near_word(info.kind, kind)) found = &info;
  if (found != nullptr) return "did you mean " + found->kind + " of " + version_of(*found) + "?";
  return {};
}

} // namespace ksail::kubernetes
