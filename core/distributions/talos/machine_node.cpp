// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/machine_node.hpp"

#include "distributions/talos/node_files.hpp"
#include "distributions/talos/talos_plan.hpp"

namespace ksail::talos {

Result<NodeTemplate> machine_node(const MachineNode &machine, const SecretsBundle &secrets) {
  NodeTemplate node;
  node.name = machine.name;
  node.role = machine.type == MachineType::controlplane ? "control-plane" : "worker";
  node.image = machine.image;
  node.settings = {
      {"hostname", machine.name},
      {"env", {{"PLATFORM", "container"}}},
      {"privileged", true},
      {"read_only_root", true},
      {"init", false},
      {"cgroup_namespace", "private"},
      {"security_options", {"seccomp=unconfined"}},
      {"tmpfs", {"/run", "/system", "/tmp"}},
      {"volumes", {"/var", "/system/state", "/etc/cni", "/etc/kubernetes", "/usr/libexec/kubernetes", "/opt"}},
      {"address", machine.address}};
  NodeFile file;
  file.path = config_file;
  file.mode = 0600;
  file.content = machine.config;
  node.files.push_back(std::move(file));
  auto kubelet = kubelet_files(secrets, machine.name);
  if (!kubelet) return kubelet.error();
  node.files.insert(node.files.end(), kubelet->begin(), kubelet->end());
  return node;
}

} // namespace ksail::talos
