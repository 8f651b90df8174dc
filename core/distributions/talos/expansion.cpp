// SPDX-License-Identifier: Apache-2.0
// More workers for a cluster that runs: a control plane's configuration holds the keys, a worker's what the user's
// patches made of it.
#include "distributions/cluster_layout.hpp"
#include "distributions/talos/api_access.hpp"
#include "distributions/talos/cluster_config.hpp"
#include "distributions/talos/config_check.hpp"
#include "distributions/talos/machine_node.hpp"
#include "distributions/talos/talos.hpp"

#include <algorithm>

namespace ksail::talos {

namespace {

/// As the first workers were made, but without patches: those that have been given are not known any more.
Result<std::string> new_worker_config(const ExpansionInput &input, const ExpansionLayout &layout,
                                      const SecretsBundle &secrets, const std::string &control_plane_config) {
  auto release = release_of(input.spec.kubernetes_version, layout.image.use, layout.image.labels);
  if (!release) return release.error();
  const std::string what = machine_config_name(input.control_plane);
  auto documents = kubernetes::parse_yaml_documents(control_plane_config, what);
  if (!documents) return documents.error();
  const YamlNode *endpoint = documents->empty() ? nullptr : find(documents->front(), "cluster.controlPlane.endpoint");
  if (!endpoint)
    return Error(Code::failed_precondition, what + ": cluster.controlPlane.endpoint is missing",
                 "without it a worker does not know where the API server is");
  auto config = cluster_config(input.spec, *release, layout.image,
                               layout.balancer_address ? endpoint_url(*layout.balancer_address) : endpoint->value);
  if (!config) return config.error();
  const Documents made = machine_config(*config, secrets, MachineType::worker);
  if (auto checked = check_config(made, release->contract, MachineMode::container, "configuration of a worker");
      !checked)
    return checked.error();
  return to_yaml(made);
}

} // namespace

asio::awaitable<Result<Expansion>> Talos::expand(NodeAccess &access, ExpansionInput input, Deadline deadline) const {
  auto layout = lay_out(input);
  if (!layout) co_return layout.error();
  auto control_plane = co_await read_machine_config(access, input.control_plane, deadline);
  if (!control_plane) co_return control_plane.error();
  auto secrets = SecretsBundle::from_machine_config(*control_plane, machine_config_name(input.control_plane));
  if (!secrets) co_return secrets.error();
  const auto worker =
      std::find_if(input.nodes.begin(), input.nodes.end(), [](const NodeFacts &node) { return node.role == "worker"; });
  MachineNode machine;
  if (worker != input.nodes.end()) {
    auto config = co_await read_machine_config(access, worker->name, deadline);
    if (!config) co_return config.error();
    machine.config = std::move(*config);
  } else {
    auto config = new_worker_config(input, *layout, *secrets, *control_plane);
    if (!config) co_return config.error();
    machine.config = std::move(*config);
  }
  Expansion expansion;
  machine.image = layout->image.use;
  for (const auto &added : layout->workers) {
    machine.name = added.name;
    machine.address = added.address;
    auto node = machine_node(machine, *secrets);
    if (!node) co_return node.error();
    expansion.nodes.push_back(std::move(*node));
  }
  co_return expansion;
}

} // namespace ksail::talos
