// SPDX-License-Identifier: Apache-2.0
#include "config/foreign_key.hpp"

#include <ksail/sdk/letter_case.hpp>

#include <array>

namespace ksail::config {

namespace {

constexpr std::array<std::string_view, 1> anything = {"*"};
constexpr std::array<std::string_view, 3> off = {"", "Default", "Disabled"};
constexpr std::array<std::string_view, 2> none = {"", "None"};
constexpr std::array<std::string_view, 2> no = {"", "false"};
constexpr std::array<std::string_view, 1> unset = {""};

constexpr std::string_view with_apply = "install it with `ksail workload apply` after the cluster is up";

constexpr std::array foreign_keys = {
    ForeignKey{"spec.editor", anything, ""},
    ForeignKey{"spec.chat", anything, ""},
    ForeignKey{"spec.provider", anything, "settings of providers that this ksail does not have"},
    ForeignKey{"spec.cluster.hetzner", anything, "settings of a provider that this ksail does not have"},
    ForeignKey{"spec.cluster.talos", anything, "settings of a distribution that this ksail does not have"},
    ForeignKey{"spec.cluster.sops", anything, ""},
    ForeignKey{"spec.cluster.distributionConfig", unset,
               "the file is not read: set spec.cluster.controlPlanes, spec.cluster.workers and spec.vanilla.nodeImage"},
    ForeignKey{"spec.cluster.csi", off, with_apply},
    ForeignKey{"spec.cluster.metricsServer", off, with_apply},
    ForeignKey{"spec.cluster.certManager", off, with_apply},
    ForeignKey{"spec.cluster.policyEngine", none, with_apply},
    ForeignKey{"spec.cluster.gitOpsEngine", none, with_apply},
    ForeignKey{"spec.cluster.loadBalancer", off, with_apply},
    ForeignKey{"spec.cluster.cdi", off, ""},
    ForeignKey{"spec.cluster.imageVerification", off, ""},
    ForeignKey{"spec.cluster.importImages", unset, ""},
    ForeignKey{"spec.cluster.autoscaler", unset, ""},
    ForeignKey{"spec.cluster.oidc", unset, ""},
    ForeignKey{"spec.cluster.vanilla", unset, ""},
    ForeignKey{"spec.workload.validateOnPush", anything, ""},
    ForeignKey{"spec.workload.tag", anything, ""},
    ForeignKey{"spec.workload.kustomizationFile", unset, "name the overlay with --overlay-path"},
    ForeignKey{"spec.workload.flux", anything, ""},
    ForeignKey{"spec.workload.watch", anything, ""},
    ForeignKey{"spec.workload.validation", anything, ""},
    ForeignKey{"spec.workload.scan", anything, ""},
};
constexpr ForeignKey switched_off{"spec.cluster.autoscaler.node.enabled", no, ""};

} // namespace

bool is_harmless(const ForeignKey &foreign, std::string_view value) {
  for (const auto harmless : foreign.harmless)
    if (harmless == "*" || equal_ignoring_case(harmless, value)) return true;
  return false;
}

const ForeignKey *find_foreign_key(std::string_view key) {
  if (key == switched_off.key) return &switched_off;
  for (const auto &foreign : foreign_keys)
    if (key == foreign.key || (key.starts_with(foreign.key) && key[foreign.key.size()] == '.')) return &foreign;
  return nullptr;
}

} // namespace ksail::config
