// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/build_annotations.hpp"

#include <algorithm>
#include <optional>
#include <span>

namespace ksail::manifests::kustomize {
namespace {

constexpr std::string_view kInternal = "internal.config.kubernetes.io/";

/// What only the build looks at; the others (after `internal.`) can be selected by until the end.
constexpr std::string_view kNotes[] = {"previousKinds",      "previousNames",   "prefixes",        "suffixes",
                                       "previousNamespaces", "allowNameChange", "allowKindChange", "refBy",
                                       "generatorBehavior",  "needsHashSuffix"};
constexpr std::string_view kOthers[] = {"path", "index", "seqindent", "id", "annotations-migration-resource-id"};
constexpr std::string_view kLegacy[] = {"config.kubernetes.io/path", "config.kubernetes.io/index", "config.k8s.io/id"};

bool is_in(std::span<const std::string_view> list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::vector<std::string_view> pieces(std::string_view text) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto comma = text.find(',');
    out.push_back(text.substr(0, comma));
    if (comma == text.npos) {
      return out;
    }
    text.remove_prefix(comma + 1);
  }
}

} // namespace

bool is_build_annotation(std::string_view name) {
  if (!name.starts_with(kInternal)) {
    return is_in(kLegacy, name);
  }
  name.remove_prefix(kInternal.size());
  return is_in(kNotes, name) || is_in(kOthers, name);
}

Result<void> take_build_annotations(Arena &arena, Resource &resource) {
  Node *data = resource.metadata();
  Node *annotations = data != nullptr ? data->find("annotations") : nullptr;
  if (annotations == nullptr || !annotations->is_mapping()) {
    return {};
  }
  std::vector<std::string_view> present;
  for (std::size_t i = 0; i < annotations->pairs(); ++i) {
    const auto name = annotations->key(i)->text();
    if (name.starts_with(kInternal) && is_in(kNotes, name.substr(kInternal.size()))) {
      present.push_back(name);
    }
  }
  if (present.empty()) {
    return {};
  }
  const auto note = [&](const char *name) {
    const Node *found = annotations->find(std::string(kInternal) + name);
    return found == nullptr ? std::optional<std::string_view>() : arena.copy(found->text());
  };
  if (const auto names = note("previousNames")) {
    const auto each_name = pieces(*names);
    const auto each_ns = pieces(note("previousNamespaces").value_or(""));
    const auto each_kind = pieces(note("previousKinds").value_or(""));
    if (each_name.size() != each_ns.size() || each_name.size() != each_kind.size()) {
      return Error(Code::config,
                   resource.id().text() + " has annotations " + std::string(kInternal) +
                       "previous... that tell of different numbers of names, namespaces and kinds",
                   "take these annotations away");
    }
    for (std::size_t i = 0; i < each_name.size(); ++i) {
      resource.previous.push_back({each_ns[i], each_name[i], each_kind[i]});
    }
  }
  if (const auto prefixes = note("prefixes")) {
    resource.prefixes = pieces(*prefixes);
  }
  if (const auto suffixes = note("suffixes")) {
    resource.suffixes = pieces(*suffixes);
  }
  resource.needs_hash = note("needsHashSuffix") == "enabled";
  for (const auto name : present) {
    erase(*annotations, name);
  }
  if (annotations->size == 0) {
    erase(*data, "annotations");
  }
  return {};
}

} // namespace ksail::manifests::kustomize
