// SPDX-License-Identifier: Apache-2.0
#include "cli/execution.hpp"
#include "cli/handlers.hpp"
#include "cli/text_width.hpp"
#include "distributions/registries.hpp"
#include "kubernetes/kubeconfig.hpp"

#include <nlohmann/json.hpp>

#include <unistd.h>

namespace ksail::cli {

namespace key = config::key;

namespace {

/// The answer to a question on the terminal; end of input is no.
bool confirmed(CommandContext &context, const std::string &question) {
  context.console.err_text(question + " [y/N] ");
  std::string line;
  char byte = 0;
  while (::read(0, &byte, 1) == 1 && byte != '\n')
    line += byte;
  return line == "y" || line == "Y" || line == "yes" || line == "Yes";
}

} // namespace

Result<void> run_cluster_delete(CommandContext &context) {
  auto settings = context.settings();
  if (!settings) return settings.error();
  const auto &name = settings->text(key::name);
  const auto &provider = settings->text(key::provider);
  if (!context.invocation.has("force")) {
    const std::string what = "cluster '" + name + "' on " + provider;
    if (!context.console.terminal().in.terminal || !context.console.terminal().err.terminal)
      return Error(Code::usage, "deleting " + what + " needs a confirmation, and there is no terminal to ask on",
                   "--force (-f) deletes without asking");
    if (!confirmed(context, "Delete " + what + " with all its nodes and volumes?"))
      return Error(Code::cancelled, "nothing was deleted");
  }

  context.summary.command = "cluster delete";
  context.summary.provider = provider;
  context.summary.cluster = name;
  Execution execution(context);
  if (auto loaded = execution.load_provider(*settings); !loaded) return loaded.error();
  const auto deadline = Deadline::after(timeout_of(*settings, std::chrono::minutes(5)));
  DeleteOptions options;
  options.kubeconfig_files = kubernetes::kubeconfig_files(kubeconfig_of(*settings));
  options.with_registry = context.invocation.has("with-registry");
  if (options.with_registry) {
    auto registry = parse_local_registry(settings->text(key::local_registry));
    options.registry = registry && !registry->name.empty() ? registry->name : "ksail-registry";
  }
  std::function<asio::awaitable<Result<DeleteReport>>()> work = [&] {
    return delete_cluster(execution.session(), name, options, deadline);
  };
  Interruption interruption;
  interruption.first = "stopping (once more ends at once)";
  interruption.left = "ended at once: parts of cluster '" + name + "' may be left; `ksail cluster delete -f --name " +
                      name + "` removes them";
  auto report = execution.run<DeleteReport>(work, interruption);
  context.progress.close();
  if (!report) return report.error();
  if (context.json) {
    context.answer(
        "ClusterDeletion",
        {{"name", name},
         {"provider", provider},
         {"existed", report->existed},
         {"removed",
          {{"nodes", report->nodes},
           {"volumes", report->volumes},
           {"networks", report->networks},
           {"registries", report->registry_removed ? 1 : 0}}},
         {"registryUsedBy", report->registry_used_by},
         {"seconds", context.timing.elapsed_seconds()}});
    return {};
  }
  if (!report->existed)
    context.say("there is no cluster '" + name + "' on " + provider + ": nothing to delete");
  else
    context.say("cluster " + name + " deleted: " + plural(report->nodes, "node") + ", " +
                plural(report->volumes, "volume") + ", " + plural(report->networks, "network") + ", " +
                short_duration(context.timing.elapsed_seconds()));
  if (report->registry_removed) context.say("registry " + report->registry + " removed with its content");
  if (!report->registry_used_by.empty()) {
    std::string users;
    for (const auto &user : report->registry_used_by)
      users += (users.empty() ? "" : ", ") + user;
    context.say("registry " + report->registry + " stays: used by " + users);
  }
  return {};
}

} // namespace ksail::cli
