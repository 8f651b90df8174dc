// SPDX-License-Identifier: Apache-2.0
// `cluster scale`
#include "cli/execution.hpp"
#include "cli/handlers.hpp"
#include "cli/text_width.hpp"
#include "kubernetes/kubeconfig.hpp"
#include "orchestrator/cluster_scale.hpp"

#include <nlohmann/json.hpp>

namespace ksail::cli {

namespace key = config::key;

Result<void> run_cluster_scale(CommandContext &context) {
  auto settings = context.settings();
  if (!settings) return settings.error();
  // Of all settings this one has to be said: the number in ksail.yaml may be the one that is there already.
  if (!settings->given(key::workers))
    return Error(Code::usage, "how many workers there shall be is not said", "ksail cluster scale --workers 2");
  const std::string name = settings->text(key::name);
  ScaleOptions options;
  options.workers = settings->number(key::workers);
  options.force = context.invocation.has("force");
  options.kubeconfig_files = kubernetes::kubeconfig_files(kubeconfig_of(*settings));
  context.summary.command = "cluster scale";
  context.summary.provider = settings->text(key::provider);
  context.summary.cluster = name;
  Execution execution(context);
  if (auto loaded = execution.load_provider(*settings); !loaded) return loaded.error();
  const auto deadline = Deadline::after(timeout_of(*settings, std::chrono::minutes(5)));
  std::function<asio::awaitable<Result<ScaleReport>>()> work = [&] {
    return scale_cluster(execution.session(), name, options, deadline);
  };
  Interruption interruption;
  interruption.first = "stopping; workers that are not Ready yet are removed (once more ends at once)";
  interruption.left = "ended at once: `ksail cluster status --nodes --name " + name + "` shows what is there";
  auto report = execution.run<ScaleReport>(work, interruption);
  context.progress.close();
  if (!report) return report.error();
  if (context.json) {
    context.answer("ClusterScale", {{"name", name},
                                    {"workers", report->workers},
                                    {"added", report->added},
                                    {"removed", report->removed},
                                    {"seconds", context.timing.elapsed_seconds()}});
    return {};
  }
  const std::string has = "cluster " + name + " has " + plural(report->workers, "worker");
  if (report->added.empty() && report->removed.empty()) {
    context.say("nothing to do: " + has);
    return {};
  }
  std::string what;
  for (const auto &node : report->added)
    what += (what.empty() ? "added " : ", ") + node;
  for (const auto &node : report->removed)
    what += (what.empty() ? "removed " : ", ") + node;
  context.say(has + ": " + what + ", " + short_duration(context.timing.elapsed_seconds()));
  return {};
}

} // namespace ksail::cli
