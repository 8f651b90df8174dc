// SPDX-License-Identifier: Apache-2.0
#include "distributions/client_files.hpp"
#include "kubernetes/kubeconfig.hpp"
#include "orchestrator/cluster.hpp"
#include "orchestrator/cluster_removal.hpp"
#include "orchestrator/graph.hpp"
#include "orchestrator/journal.hpp"
#include "orchestrator/labels.hpp"
#include "orchestrator/local_registry.hpp"
#include "orchestrator/provider_verbs.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace ksail {

namespace {

using nlohmann::json;

asio::awaitable<Result<DeleteReport>> destroy(Session &session, std::string cluster, json labels, Deadline deadline) {
  json body = {{"cluster", cluster}, {"operation_id", "destroy-" + cluster}};
  if (!labels.empty()) body["labels"] = std::move(labels);
  plugins::EventHandler on_event = [&session](const json &event, const std::vector<plugins::Blob> &) {
    if (event.value("event", std::string()) == "removed")
      session.progress.step_text("delete", event.value("kind", std::string()) + " " +
                                               event.value("name", std::string()) + " removed");
  };
  auto answer = co_await call_verb(session.provider, "destroy", std::move(body), std::vector<plugins::Blob>(), deadline,
                                   std::move(on_event));
  if (!answer) co_return answer.error();
  const json removed = answer->body.value("removed", json::object());
  DeleteReport report;
  report.nodes = removed.value("nodes", 0u);
  report.volumes = removed.value("volumes", 0u);
  report.networks = removed.value("networks", 0u);
  report.existed = report.nodes + report.volumes + report.networks > 0;
  co_return report;
}

} // namespace

asio::awaitable<Result<void>> roll_back(Session &session, std::string cluster, std::string operation_id) {
  session.progress.step_started("roll-back", "Removing what was made");
  const auto span = session.timing.begin("roll-back", "roll-back");
  const auto start = Clock::now();
  json labels = {{label_operation, operation_id}};
  auto report = co_await destroy(session, cluster, std::move(labels), Deadline::after(std::chrono::minutes(2)));
  session.timing.end(span, !report);
  session.progress.step_ended("roll-back", report.has_value(),
                              std::chrono::duration<double>(Clock::now() - start).count());
  if (!report) co_return report.error();
  co_return Result<void>();
}

asio::awaitable<Result<DeleteReport>> delete_cluster(Session &session, std::string name, DeleteOptions options,
                                                     Deadline deadline) {
  auto &kubeconfig_files = options.kubeconfig_files;
  auto journal = Journal::open(std::string(session.provider.id()), name);
  if (!journal) co_return journal.error();
  std::string context = context_name(name);
  if (const auto entry = journal->read()) {
    if (!entry->context.empty()) context = entry->context;
    // The file the entry was merged into may not be among those in effect now.
    if (!entry->kubeconfig_file.empty() &&
        std::find(kubeconfig_files.begin(), kubeconfig_files.end(), entry->kubeconfig_file) == kubeconfig_files.end())
      kubeconfig_files.push_back(entry->kubeconfig_file);
  }
  DeleteReport report;
  std::string registry;
  if (options.with_registry) {
    auto nodes = co_await observe_nodes(session.provider, name, deadline);
    if (!nodes) co_return nodes.error();
    registry = options.registry;
    for (const auto &node : *nodes)
      if (const auto label = node.labels.find(label_local_registry); label != node.labels.end())
        registry = label->second;
  }
  Graph graph;
  graph.add({"delete", "delete", "Deleting " + name, {}, [&]() -> asio::awaitable<Result<void>> {
               auto done = co_await destroy(session, name, json::object(), deadline);
               if (!done) co_return done.error();
               report = *done;
               co_return Result<void>();
             }});
  if (!registry.empty())
    graph.add({"registry", "delete", "Registry " + registry, {"delete"}, [&]() -> asio::awaitable<Result<void>> {
                 auto removal = co_await remove_local_registry(session, registry, json::object(), deadline);
                 if (!removal) co_return removal.error();
                 report.registry = registry;
                 report.registry_removed = removal->removed;
                 report.registry_used_by = removal->used_by;
                 co_return Result<void>();
               }});
  graph.add({"kubeconfig", "delete", "", {}, [&]() -> asio::awaitable<Result<void>> {
               co_return kubernetes::remove_from_kubeconfig(kubeconfig_files, context,
                                                            deadline.min(Deadline::after(std::chrono::seconds(20))));
             }});
  graph.add({"client-files", "delete", "", {}, [&]() -> asio::awaitable<Result<void>> {
               co_return forget_in_client_files(name, deadline.min(Deadline::after(std::chrono::seconds(20))));
             }});
  Result<void> result = co_await graph.run(session.progress, session.timing);
  if (!result) co_return result.error();
  journal->remove();
  co_return report;
}

} // namespace ksail
