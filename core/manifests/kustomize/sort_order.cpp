// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/transformers.hpp"

#include <algorithm>
#include <map>

namespace ksail::manifests::kustomize {
namespace {

constexpr const char *kFirst[] = {"Namespace",
                                  "ResourceQuota",
                                  "StorageClass",
                                  "CustomResourceDefinition",
                                  "ServiceAccount",
                                  "PodSecurityPolicy",
                                  "Role",
                                  "ClusterRole",
                                  "RoleBinding",
                                  "ClusterRoleBinding",
                                  "ConfigMap",
                                  "Secret",
                                  "Endpoints",
                                  "Service",
                                  "LimitRange",
                                  "PriorityClass",
                                  "PersistentVolume",
                                  "PersistentVolumeClaim",
                                  "Deployment",
                                  "StatefulSet",
                                  "CronJob",
                                  "PodDisruptionBudget"};
constexpr const char *kLast[] = {"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"};

std::string or_else(std::string_view text, const char *none) { return text.empty() ? none : std::string(text); }

} // namespace

Result<void> sort_resources(Resources &resources, const Kustomization &kustomization) {
  std::vector<std::string> first(std::begin(kFirst), std::end(kFirst));
  std::vector<std::string> last(std::begin(kLast), std::end(kLast));
  if (kustomization.has("sortOptions")) {
    const auto &options = kustomization.fields["sortOptions"];
    const auto order = text_of(options, "order");
    if (order == "fifo") {
      return {};
    }
    if (order != "legacy") {
      return Error(Code::config, kustomization.file + ": sortOptions.order has to be legacy or fifo");
    }
    if (options.contains("legacySortOptions") && options["legacySortOptions"].is_object()) {
      const auto &lists = options["legacySortOptions"];
      first = lists.value("orderFirst", std::vector<std::string>());
      last = lists.value("orderLast", std::vector<std::string>());
    }
  }
  std::map<std::string, int, std::less<>> ranks;
  for (std::size_t i = 0; i < first.size(); ++i) {
    ranks[first[i]] = static_cast<int>(i) - static_cast<int>(first.size());
  }
  for (std::size_t i = 0; i < last.size(); ++i) {
    ranks[last[i]] = 1 + static_cast<int>(i);
  }
  struct Key {
    int rank;
    std::string kind;
    std::string id;
    Resource *resource;
  };
  std::vector<Key> keys;
  keys.reserve(resources.size());
  for (Resource *resource : resources) {
    const ResId id = resource->id();
    const auto rank = ranks.find(id.gvk.kind);
    auto kind = or_else(id.gvk.group, "~G") + "_" + or_else(id.gvk.version, "~V") + "_" + or_else(id.gvk.kind, "~K");
    const Gvk &g = id.gvk;
    std::string whole = or_else(g.group, "~G") + "_" + or_else(g.version, "~V") + "_" + or_else(g.kind, "~K");
    // Two kinds named Namespace: the core one first.
    if (g.kind == "Namespace" && g.group.empty()) {
      kind.insert(0, 1, '\0');
    }
    keys.push_back({rank == ranks.end() ? 0 : rank->second, std::move(kind),
                    whole + "|" + or_else(id.ns, "~X") + "|" + or_else(id.name, "~N"), resource});
  }
  std::stable_sort(keys.begin(), keys.end(), [](const Key &a, const Key &b) {
    return std::tie(a.rank, a.kind, a.id) < std::tie(b.rank, b.kind, b.id);
  });
  for (std::size_t i = 0; i < keys.size(); ++i) {
    resources[i] = keys[i].resource;
  }
  return {};
}

} // namespace ksail::manifests::kustomize
