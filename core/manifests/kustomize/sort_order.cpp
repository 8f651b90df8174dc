// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/sort_order.hpp"

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

using Ranks = std::map<std::string, int, std::less<>>;

Ranks ranks_of(const std::vector<std::string> &first, const std::vector<std::string> &last) {
  Ranks ranks;
  for (std::size_t i = 0; i < first.size(); ++i) {
    ranks[first[i]] = static_cast<int>(i) - static_cast<int>(first.size());
  }
  for (std::size_t i = 0; i < last.size(); ++i) {
    ranks[last[i]] = 1 + static_cast<int>(i);
  }
  return ranks;
}

std::string or_else(std::string_view text, const char *none) { return text.empty() ? none : std::string(text); }

std::string text_of_gvk(const Gvk &gvk) {
  return or_else(gvk.group, "~G") + "_" + or_else(gvk.version, "~V") + "_" + or_else(gvk.kind, "~K");
}

} // namespace

bool sorts_before(const Gvk &a, const Gvk &b) {
  static const Ranks ranks = ranks_of({std::begin(kFirst), std::end(kFirst)}, {std::begin(kLast), std::end(kLast)});
  const auto rank = [](const Gvk &gvk) {
    const auto at = ranks.find(gvk.kind);
    return at == ranks.end() ? 0 : at->second;
  };
  const int first = rank(a);
  const int second = rank(b);
  return first != second ? first < second : text_of_gvk(a) < text_of_gvk(b);
}

Result<void> sort_resources(Resources &resources, const nlohmann::json *chosen, const std::string &where) {
  std::vector<std::string> first(std::begin(kFirst), std::end(kFirst));
  std::vector<std::string> last(std::begin(kLast), std::end(kLast));
  if (chosen != nullptr) {
    const auto &options = *chosen;
    const auto order = text_of(options, "order");
    if (order == "fifo") {
      return options.contains("legacySortOptions")
                 ? Error(Code::config, where + ": `legacySortOptions` are for the order legacy")
                 : Result<void>();
    }
    if (order != "legacy") {
      return Error(Code::config, where + ": `order` has to be legacy or fifo");
    }
    if (options.contains("legacySortOptions") && options["legacySortOptions"].is_object()) {
      const auto &lists = options["legacySortOptions"];
      first = lists.value("orderFirst", std::vector<std::string>());
      last = lists.value("orderLast", std::vector<std::string>());
    }
  }
  if (const Resource *second = with_id_of_another(resources)) {
    return Error(Code::config, "there are two objects " + second->id().text() + " in the end",
                 "a patch or a replacement has given one of them the other's name");
  }
  const Ranks ranks = ranks_of(first, last);
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
    const Gvk &g = id.gvk;
    const std::string whole = text_of_gvk(g);
    auto kind = whole;
    // Two kinds named Namespace, where they have a place of their own: the core one first.
    if (g.kind == "Namespace" && g.group.empty() && rank != ranks.end()) {
      kind.insert(0, 1, '\0');
    }
    keys.push_back({rank == ranks.end() ? 0 : rank->second, std::move(kind),
                    whole + "|" + or_else(id.ns, "~X") + "|" + or_else(id.name, "~N"), resource});
  }
  std::sort(keys.begin(), keys.end(),
            [](const Key &a, const Key &b) { return std::tie(a.rank, a.kind, a.id) < std::tie(b.rank, b.kind, b.id); });
  for (std::size_t i = 0; i < keys.size(); ++i) {
    resources[i] = keys[i].resource;
  }
  return {};
}

} // namespace ksail::manifests::kustomize
