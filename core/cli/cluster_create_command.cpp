// SPDX-License-Identifier: Apache-2.0
#include "cli/cluster_spec_of.hpp"
#include "cli/execution.hpp"
#include "cli/handlers.hpp"
#include "cli/text_width.hpp"
#include "kubernetes/kubeconfig.hpp"

#include <nlohmann/json.hpp>

namespace ksail::cli {

namespace key = config::key;
using nlohmann::ordered_json;

namespace {

std::string joined(const nlohmann::json &names) {
  std::string text;
  for (const auto &name : names)
    text += (text.empty() ? "" : ", ") + name.get<std::string>();
  return text;
}

Result<void> show_plan(CommandContext &context, const ClusterSpec &spec) {
  auto plan = plan_cluster(spec);
  if (!plan) return plan.error();
  if (context.json) {
    context.answer("ClusterPlan", ordered_json::parse(plan->dump()));
    return {};
  }
  std::string text = "cluster " + spec.name + ": " + spec.distribution + " on " + spec.provider + "\n\n";
  std::vector<std::vector<std::string>> rows = {{"NODE", "ROLE", "IMAGE"}};
  for (const auto &node : plan->value("nodes", nlohmann::json::array()))
    rows.push_back({node.value("name", ""), node.value("role", ""), node.value("image", "")});
  text += columns(rows) + "\n";
  rows = {{"STEP", "PHASE", "AFTER"}};
  for (const auto &step : plan->value("steps", nlohmann::json::array()))
    rows.push_back(
        {step.value("name", ""), step.value("phase", ""), joined(step.value("after", nlohmann::json::array()))});
  context.console.out(text + columns(rows));
  return {};
}

} // namespace

Result<void> run_cluster_create(CommandContext &context) {
  auto settings = context.settings();
  if (!settings) return settings.error();
  auto spec = cluster_spec_of(*settings);
  if (!spec) return spec.error();
  if (context.invocation.has("dry-run")) return show_plan(context, *spec);

  context.summary.command = "cluster create";
  context.summary.distribution = spec->distribution;
  context.summary.provider = spec->provider;
  context.summary.cluster = spec->name;

  CreateOptions options;
  options.retain = context.invocation.has("retain");
  options.timeout = timeout_of(*settings, std::chrono::minutes(10));
  options.kubeconfig_file = kubernetes::kubeconfig_target(kubeconfig_of(*settings));
  options.context = settings->text(key::context);

  Execution execution(context);
  if (auto loaded = execution.load_provider(*settings); !loaded) return loaded.error();
  Interruption interruption;
  interruption.first = options.retain ? "stopping (once more ends at once)"
                                      : "stopping and removing what was made (once more ends at once)";
  interruption.left = "ended at once: parts of cluster '" + spec->name +
                      "' may be left; `ksail cluster delete -f --name " + spec->name + "` removes them";
  std::function<asio::awaitable<Result<CreateReport>>()> work = [&] {
    return create_cluster(execution.session(), *spec, options);
  };
  auto report = execution.run<CreateReport>(work, interruption);
  context.progress.close();
  if (!report) return report.error();

  if (context.json) {
    context.answer("Cluster", {{"name", spec->name},
                               {"distribution", spec->distribution},
                               {"provider", spec->provider},
                               {"state", spec->cni == Cni::none ? "Running" : "Ready"},
                               {"kubernetesVersion", report->kubernetes_version},
                               {"server", report->server},
                               {"context", report->context},
                               {"kubeconfig", report->kubeconfig_file},
                               {"nodeImage", report->node_image},
                               {"nodeImageSource", report->node_image_source},
                               {"nodes", report->nodes},
                               {"warnings", report->warnings},
                               {"seconds", context.timing.elapsed_seconds()}});
    return {};
  }
  const std::string state =
      spec->cni == Cni::none ? " answers; its nodes are Ready once a network is installed" : " is Ready";
  context.say("cluster " + spec->name + state + ": " + spec->distribution + " " + report->kubernetes_version + " on " +
              spec->provider + ", " + plural(report->nodes.size(), "node") + ", " +
              short_duration(context.timing.elapsed_seconds()));
  context.say("context " + report->context + " in " + report->kubeconfig_file + " (" + report->server + ")");
  return {};
}

} // namespace ksail::cli
