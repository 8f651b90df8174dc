// SPDX-License-Identifier: Apache-2.0
// What one does with clusters that exist: list, status, start, stop, kubeconfig, logs.
#include "cli/execution.hpp"
#include "cli/handlers.hpp"
#include "cli/text_width.hpp"
#include "kubernetes/kubeconfig.hpp"
#include "orchestrator/cluster_services.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace ksail::cli {

namespace key = config::key;
using nlohmann::ordered_json;

namespace {

using namespace std::chrono_literals;

/// Everything that these commands have in common before they start.
struct Start {
  config::Settings settings;
  std::unique_ptr<Execution> execution;
  std::string name;
  Deadline deadline;
  std::vector<std::string> kubeconfig_files;
};

Result<Start> begin(CommandContext &context, const char *command, std::chrono::nanoseconds timeout) {
  auto settings = context.settings();
  if (!settings) return settings.error();
  Start start;
  start.settings = std::move(*settings);
  start.name = start.settings.text(key::name);
  start.deadline = Deadline::after(timeout_of(start.settings, timeout));
  start.kubeconfig_files = kubernetes::kubeconfig_files(kubeconfig_of(start.settings));
  context.summary.command = command;
  context.summary.provider = start.settings.text(key::provider);
  start.execution = std::make_unique<Execution>(context);
  if (auto loaded = start.execution->load_provider(start.settings); !loaded) return loaded.error();
  return start;
}

ordered_json status_json(const ClusterStatus &status, bool readiness_known) {
  ordered_json nodes = ordered_json::array();
  for (const auto &node : status.nodes) {
    ordered_json entry = {{"name", node.name}, {"role", node.role},   {"state", node.state},
                          {"ipv4", node.ipv4}, {"image", node.image}, {"health", node.health}};
    if (readiness_known) {
      entry["ready"] = node.ready;
      if (!node.ready_reason.empty()) entry["reason"] = node.ready_reason;
      if (!node.kubelet_version.empty()) entry["kubeletVersion"] = node.kubelet_version;
    }
    nodes.push_back(std::move(entry));
  }
  return {{"name", status.name},         {"distribution", status.distribution},
          {"provider", status.provider}, {"state", status.state},
          {"detail", status.detail},     {"server", status.server},
          {"context", status.context},   {"kubernetesVersion", status.kubernetes_version},
          {"nodes", std::move(nodes)}};
}

void show_status(CommandContext &context, const ClusterStatus &status, bool with_nodes) {
  if (context.json) {
    ordered_json value = status_json(status, true);
    if (status.services) {
      value["services"] = ordered_json::array();
      for (const auto &service : *status.services) {
        ordered_json entry = {
            {"node", service.node}, {"name", service.name}, {"state", service.state}, {"healthy", service.healthy}};
        if (!service.message.empty()) entry["message"] = service.message;
        value["services"].push_back(std::move(entry));
      }
    }
    context.answer("Cluster", value);
    return;
  }
  const auto dash = [](const std::string &text) { return text.empty() ? std::string("-") : text; };
  std::vector<std::vector<std::string>> rows = {{"NAME", "STATUS", "DISTRIBUTION", "PROVIDER", "KUBERNETES", "SERVER"}};
  rows.push_back({status.name, status.state, dash(status.distribution), status.provider,
                  dash(status.kubernetes_version), dash(status.server)});
  std::string text = columns(rows);
  if (!status.detail.empty()) text += printable(status.detail) + "\n";
  if (with_nodes) {
    rows = {{"NODE", "ROLE", "STATE", "READY", "VERSION", "ADDRESS", "REASON"}};
    for (const auto &node : status.nodes)
      rows.push_back({node.name, node.role, node.state, node.ready ? "yes" : "no", dash(node.kubelet_version),
                      dash(node.ipv4), node.ready ? "" : printable(node.ready_reason)});
    text += "\n" + columns(rows);
  }
  if (status.services) {
    rows = {{"NODE", "SERVICE", "STATE", "HEALTHY", "REASON"}};
    for (const auto &service : *status.services)
      rows.push_back(
          {service.node, service.name, service.state, service.healthy ? "yes" : "no", printable(service.message)});
    text += "\n" + columns(rows);
  }
  context.console.out(text);
}

} // namespace

Result<void> run_cluster_list(CommandContext &context) {
  auto start = begin(context, "cluster list", 30s);
  if (!start) return start.error();
  std::function<asio::awaitable<Result<std::vector<ClusterStatus>>>()> work = [&] {
    return list_clusters(start->execution->session(), start->deadline);
  };
  auto clusters = start->execution->run<std::vector<ClusterStatus>>(work, Interruption());
  context.progress.close();
  if (!clusters) return clusters.error();
  if (context.json) {
    ordered_json items = ordered_json::array();
    for (const auto &cluster : *clusters)
      items.push_back(status_json(cluster, false));
    context.answer("ClusterList", {{"items", std::move(items)}});
    return {};
  }
  if (clusters->empty()) {
    context.say("no clusters on " + start->settings.text(key::provider));
    return {};
  }
  std::vector<std::vector<std::string>> rows = {{"PROVIDER", "DISTRIBUTION", "CLUSTER", "STATUS", "NODES"}};
  for (const auto &cluster : *clusters)
    rows.push_back({cluster.provider, cluster.distribution.empty() ? "-" : cluster.distribution, cluster.name,
                    cluster.state, std::to_string(cluster.nodes.size())});
  context.console.out(columns(rows));
  return {};
}

Result<void> run_cluster_status(CommandContext &context) {
  auto start = begin(context, "cluster status", 30s);
  if (!start) return start.error();
  context.summary.cluster = start->name;
  StatusOptions options;
  options.nodes = context.invocation.has("nodes");
  options.kubeconfig_files = start->kubeconfig_files;
  options.context = start->settings.text(key::context);
  std::function<asio::awaitable<Result<ClusterStatus>>()> work = [&] {
    return cluster_status(start->execution->session(), start->name, options, start->deadline);
  };
  auto status = start->execution->run<ClusterStatus>(work, Interruption());
  context.progress.close();
  if (!status) return status.error();
  if (!status->services_unknown.empty())
    context.progress.warning("the nodes' services: " + status->services_unknown);
  show_status(context, *status, options.nodes);
  return {};
}

Result<void> run_cluster_start(CommandContext &context) {
  auto start = begin(context, "cluster start", 5min);
  if (!start) return start.error();
  context.summary.cluster = start->name;
  std::function<asio::awaitable<Result<ClusterStatus>>()> work = [&] {
    return start_cluster(start->execution->session(), start->name, start->kubeconfig_files, start->deadline);
  };
  Interruption interruption;
  interruption.first = "stopping; nodes that were started stay (once more ends at once)";
  auto status = start->execution->run<ClusterStatus>(work, interruption);
  context.progress.close();
  if (!status) return status.error();
  if (context.json)
    context.answer("Cluster", status_json(*status, true));
  else
    context.say("cluster " + start->name + " is " + status->state + ", " +
                short_duration(context.timing.elapsed_seconds()));
  return {};
}

Result<void> run_cluster_stop(CommandContext &context) {
  auto start = begin(context, "cluster stop", 2min);
  if (!start) return start.error();
  context.summary.cluster = start->name;
  std::function<asio::awaitable<Result<void>>()> work = [&] {
    return stop_cluster(start->execution->session(), start->name, start->deadline);
  };
  Interruption interruption;
  interruption.first = "stopping to wait; `ksail cluster status` shows what runs (once more ends at once)";
  auto stopped = start->execution->run<void>(work, interruption);
  context.progress.close();
  if (!stopped) return stopped.error();
  if (context.json)
    context.answer("Cluster", {{"name", start->name}, {"state", "Stopped"}});
  else
    context.say("cluster " + start->name + " is stopped, " + short_duration(context.timing.elapsed_seconds()));
  return {};
}

Result<void> run_cluster_kubeconfig(CommandContext &context) {
  auto start = begin(context, "cluster kubeconfig", 1min);
  if (!start) return start.error();
  context.summary.cluster = start->name;
  std::function<asio::awaitable<Result<std::string>>()> work = [&] {
    return cluster_kubeconfig(start->execution->session(), start->name, start->settings.text(key::context),
                              start->deadline);
  };
  auto text = start->execution->run<std::string>(work, Interruption());
  context.progress.close();
  if (!text) return text.error();
  if (!context.invocation.has("merge")) {
    if (context.json)
      context.answer("Kubeconfig", {{"name", start->name}, {"kubeconfig", *text}});
    else
      context.console.out(*text);
    return {};
  }
  const auto given = start->settings.text(key::context);
  const std::string entry = given.empty() ? context_name(start->name) : given;
  const std::string file = kubernetes::kubeconfig_file_of(start->kubeconfig_files, entry);
  auto merged = kubernetes::merge_kubeconfig(file, *text, start->deadline.min(Deadline::after(20s)));
  if (!merged) return merged.error();
  if (context.json)
    context.answer("Kubeconfig", {{"name", start->name}, {"context", entry}, {"file", file}});
  else
    context.say("context " + entry + " in " + file);
  return {};
}

namespace {

/// Without the carriage returns of a console and, where nobody sees colours, without its colours.
std::string plain_line(std::string_view text, bool keep_color) {
  while (!text.empty() && text.back() == '\r')
    text.remove_suffix(1);
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!keep_color && text[i] == '\x1b' && i + 1 < text.size() && text[i + 1] == '[') {
      i = std::min(text.find_first_not_of("0123456789;?", i + 2), text.size());
      continue;
    }
    result += text[i];
  }
  return result;
}

/// Puts lines of several nodes side by side without mixing them: whole lines only, with the node's name in front.
class LogLines {
public:
  LogLines(CommandContext &context, bool prefixed) : context_(context), prefixed_(prefixed) {}

  void add(std::string_view node, std::string_view bytes) {
    std::string &rest = rests_[std::string(node)];
    rest += bytes;
    std::string text;
    std::size_t at = 0;
    for (std::size_t end; (end = rest.find('\n', at)) != std::string::npos; at = end + 1)
      text += line(node, std::string_view(rest).substr(at, end - at));
    rest.erase(0, at);
    if (!text.empty()) context_.console.out(text);
  }

  void finish() {
    for (const auto &[node, rest] : rests_)
      if (!rest.empty()) context_.console.out(line(node, rest));
  }

private:
  std::string line(std::string_view node, std::string_view bytes) const {
    const std::string text = plain_line(bytes, context_.console.terminal().out.color && !context_.json);
    if (!context_.json) return (prefixed_ ? std::string(node) + ": " : std::string()) + text + "\n";
    const ordered_json value = {{"node", node}, {"line", text}};
    return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  }

  CommandContext &context_;
  const bool prefixed_;
  std::map<std::string, std::string> rests_;
};

} // namespace

Result<void> run_cluster_logs(CommandContext &context) {
  auto start = begin(context, "cluster logs", 24h * 365);
  if (!start) return start.error();
  context.summary.cluster = start->name;
  LogOptions options;
  options.node = context.invocation.value("node");
  options.follow = context.invocation.has("follow");
  options.tail = static_cast<unsigned>(std::stoul(context.invocation.value("tail", "200")));
  LogLines lines(context, options.node.empty());
  std::function<void(std::string_view, std::string_view)> emit = [&](std::string_view node, std::string_view bytes) {
    // JSON lines with -o json, as a stream has no end to close a document at: an error is told on stderr then.
    context.answered = true;
    lines.add(node, bytes);
  };
  std::function<asio::awaitable<Result<void>>()> work = [&] {
    const std::string service = context.invocation.value("service");
    return service.empty()
               ? cluster_logs(start->execution->session(), start->name, options, emit, start->deadline)
               : service_logs(start->execution->session(), start->name, service, options, emit, start->deadline);
  };
  auto shown = start->execution->run<void>(work, Interruption());
  lines.finish();
  context.progress.close();
  // Ending a log that is followed is how one stops looking at it.
  if (!shown && options.follow && context.signal != 0) return {};
  return shown;
}

} // namespace ksail::cli
