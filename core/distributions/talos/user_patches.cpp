// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/user_patches.hpp"

#include "distributions/talos/config_check.hpp"

namespace ksail::talos {

Result<std::vector<UserPatch>> parse_user_patches(const ClusterSpec &spec) {
  std::vector<UserPatch> patches;
  for (const auto &given : spec.machine_patches) {
    auto parsed = parse_config_patch(given.text, given.file);
    if (!parsed) return parsed.error();
    patches.push_back({given.role, std::move(*parsed)});
  }
  return patches;
}

Result<void> apply_user_patches(Documents &config, const std::vector<UserPatch> &patches, MachineType type) {
  const char *role = type == MachineType::controlplane ? "control-plane" : "worker";
  for (const auto &each : patches) {
    if (!each.role.empty() && each.role != role) continue;
    if (auto applied = apply_config_patch(config, each.patch); !applied) return applied.error();
  }
  return {};
}

Result<void> try_user_patches(const ClusterSpec &spec, Contract contract) {
  if (spec.machine_patches.empty()) return {};
  auto patches = parse_user_patches(spec);
  if (!patches) return patches.error();
  auto secrets = SecretsBundle::create();
  if (!secrets) return secrets.error();
  ClusterConfig config;
  config.contract = contract;
  config.cluster_name = spec.name;
  config.endpoint = "https://10.0.0.2:6443";
  config.kubernetes_version = default_kubernetes(contract);
  for (const auto type : {MachineType::controlplane, MachineType::worker}) {
    Documents documents = machine_config(config, *secrets, type);
    if (auto applied = apply_user_patches(documents, *patches, type); !applied) return applied.error();
    const std::string what = std::string("the patched configuration of a ") +
                             (type == MachineType::controlplane ? "control plane" : "worker");
    if (auto checked = check_config(documents, contract, MachineMode::container, what); !checked)
      return checked.error();
  }
  return {};
}

} // namespace ksail::talos
