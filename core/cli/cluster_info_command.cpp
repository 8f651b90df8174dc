// SPDX-License-Identifier: Apache-2.0
// `cluster info`: what a cluster is, and where it is reached.
#include "cli/execution.hpp"
#include "cli/handlers.hpp"
#include "cli/text_width.hpp"
#include "kubernetes/kubeconfig.hpp"
#include "orchestrator/cluster_info.hpp"

#include <nlohmann/json.hpp>

namespace ksail::cli {

namespace key = config::key;
using nlohmann::ordered_json;

namespace {

ordered_json json_of(const ClusterInfo &info) {
  ordered_json nodes = ordered_json::array();
  for (const auto &node : info.status.nodes)
    nodes.push_back({{"name", node.name},
                     {"role", node.role},
                     {"state", node.state},
                     {"ready", node.ready},
                     {"ipv4", node.ipv4},
                     {"image", node.image},
                     {"kubeletVersion", node.kubelet_version}});
  ordered_json mirrors = ordered_json::array();
  for (const auto &mirror : info.spec.registry_mirrors)
    mirrors.push_back({{"host", mirror.host}, {"endpoints", mirror.endpoints}});
  ordered_json registry = nullptr;
  if (!info.spec.local_registry.name.empty())
    registry = {{"name", info.spec.local_registry.name},
                {"host", "localhost:" + std::to_string(info.spec.local_registry.host_port)}};
  return {{"name", info.status.name},
          {"distribution", info.status.distribution},
          {"provider", info.status.provider},
          {"state", info.status.state},
          {"detail", info.status.detail},
          {"kubernetesVersion", info.status.kubernetes_version},
          {"server", info.status.server},
          {"context", info.status.context},
          {"kubeconfig", info.kubeconfig_file},
          {"created", info.created},
          {"ksailVersion", info.ksail_version},
          {"nodeImage", info.spec.node_image},
          {"controlPlanes", info.control_planes},
          {"workers", info.workers},
          {"cni", info.spec.cni == Cni::none ? "None" : "Default"},
          {"disabled", info.spec.disable},
          {"podSubnet", info.spec.pod_subnet},
          {"serviceSubnet", info.spec.service_subnet},
          {"registryMirrors", std::move(mirrors)},
          {"localRegistry", std::move(registry)},
          {"nodes", std::move(nodes)}};
}

std::string text_of(const ClusterInfo &info) {
  const auto dash = [](const std::string &text) { return text.empty() ? std::string("-") : printable(text); };
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](const char *name, const std::string &value) { rows.push_back({name, dash(value)}); };
  add("NAME", info.status.name);
  add("STATUS", info.status.state + (info.status.detail.empty() ? "" : ": " + info.status.detail));
  add("DISTRIBUTION", info.status.distribution);
  add("PROVIDER", info.status.provider);
  add("KUBERNETES", info.status.kubernetes_version);
  add("SERVER", info.status.server);
  add("CONTEXT", info.status.context);
  add("KUBECONFIG", info.kubeconfig_file);
  add("NODES", plural(info.control_planes, "control plane") + ", " + plural(info.workers, "worker"));
  add("NODE IMAGE", info.spec.node_image);
  add("CREATED", info.created);
  if (!info.spec.local_registry.name.empty())
    add("REGISTRY", info.spec.local_registry.name + " (push to localhost:" +
                        std::to_string(info.spec.local_registry.host_port) + ")");
  for (const auto &mirror : info.spec.registry_mirrors)
    for (const auto &endpoint : mirror.endpoints)
      add("MIRROR", mirror.host + " from " + endpoint);
  return columns(rows);
}

} // namespace

Result<void> run_cluster_info(CommandContext &context) {
  auto settings = context.settings();
  if (!settings) return settings.error();
  const std::string name = settings->text(key::name);
  context.summary.command = "cluster info";
  context.summary.provider = settings->text(key::provider);
  context.summary.cluster = name;
  StatusOptions options;
  options.kubeconfig_files = kubernetes::kubeconfig_files(kubeconfig_of(*settings));
  options.context = settings->text(key::context);
  Execution execution(context);
  if (auto loaded = execution.load_provider(*settings); !loaded) return loaded.error();
  const auto deadline = Deadline::after(timeout_of(*settings, std::chrono::seconds(30)));
  std::function<asio::awaitable<Result<ClusterInfo>>()> work = [&] {
    return cluster_info(execution.session(), name, options, deadline);
  };
  auto info = execution.run<ClusterInfo>(work, Interruption());
  context.progress.close();
  if (!info) return info.error();
  if (context.json)
    context.answer("ClusterInfo", json_of(*info));
  else
    context.console.out(text_of(*info));
  return {};
}

} // namespace ksail::cli
