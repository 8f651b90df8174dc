// SPDX-License-Identifier: Apache-2.0
#include "cli/handlers.hpp"
#include "cli/text_width.hpp"
#include "cli/workload_session.hpp"
#include "orchestrator/workload_status.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>

namespace ksail::cli {

using nlohmann::ordered_json;

namespace {

Paint paint_of(const std::string &state) {
  if (state == "Current") return Paint::green;
  return state == "Failed" || state == "NotFound" ? Paint::red : Paint::yellow;
}

/// The lines of a tree; `branch` is drawn before an object, `trunk` before what belongs to it.
void draw(const StatusNode &node, const std::string &branch, const std::string &trunk, const Terminal &terminal,
          std::vector<std::string> &lines) {
  std::string line = branch + node.object + "  " + painted(node.state, paint_of(node.state), terminal.out.color);
  if (!node.reason.empty()) line += "  " + printable(node.reason);
  lines.push_back(std::move(line));
  const char *middle = terminal.utf8 ? "├─ " : "|- ", *last = terminal.utf8 ? "└─ " : "`- ";
  const char *bar = terminal.utf8 ? "│  " : "|  ";
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const bool is_last = i + 1 == node.children.size();
    draw(node.children[i], trunk + (is_last ? last : middle), trunk + (is_last ? "   " : bar), terminal, lines);
  }
}

std::vector<std::string> drawn(const std::vector<StatusNode> &nodes, const Terminal &terminal) {
  std::vector<std::string> lines;
  for (const auto &node : nodes)
    draw(node, "", "", terminal, lines);
  return lines;
}

ordered_json node_json(const StatusNode &node) {
  ordered_json value = {{"object", node.object}, {"state", node.state}};
  if (!node.reason.empty()) value["reason"] = node.reason;
  ordered_json children = ordered_json::array();
  for (const auto &child : node.children)
    children.push_back(node_json(child));
  if (!children.empty()) value["owns"] = std::move(children);
  return value;
}

/// Where lines cannot be rewritten, only what has changed is told.
class Changes {
public:
  std::string since_before(const std::vector<StatusNode> &nodes) {
    std::string out;
    std::map<std::string, std::string> now;
    walk(nodes, now, out);
    for (const auto &[object, state] : before_)
      if (!now.contains(object)) out += object + " is gone\n";
    before_ = std::move(now);
    return out;
  }

private:
  void walk(const std::vector<StatusNode> &nodes, std::map<std::string, std::string> &now, std::string &out) const {
    for (const auto &node : nodes) {
      const std::string state = node.state + (node.reason.empty() ? "" : "  " + printable(node.reason));
      const auto known = before_.find(node.object);
      if (known == before_.end() || known->second != state) out += node.object + "  " + state + "\n";
      now[node.object] = state;
      walk(node.children, now, out);
    }
  }
  std::map<std::string, std::string> before_;
};

bool says_what(const Invocation &invocation) { return invocation.has("filename") || invocation.has("overlay-path"); }

/// -f and --overlay-path; else the source directory if there is one and no namespace was asked for; else nothing.
Result<std::vector<manifests::Object>> objects_of(CommandContext &context, const config::Settings &settings,
                                                  WorkloadSession &session) {
  const auto &invocation = context.invocation;
  std::error_code ignored;
  const bool whole = invocation.has("namespace") || invocation.has("all-namespaces") ||
                     !std::filesystem::exists(settings.text(config::key::source_directory), ignored);
  if (!says_what(invocation) && whole) return std::vector<manifests::Object>();
  return session.objects({.last_wins = true});
}

} // namespace

Result<void> run_workload_status(CommandContext &context) {
  auto settings = context.settings();
  if (!settings) return settings.error();
  const auto &invocation = context.invocation;
  const bool follow = invocation.has("watch");
  if (follow && context.json)
    return Error(Code::usage, "--watch cannot be told as one JSON document", "without -o json, or without --watch");
  WorkloadStatusOptions options;
  options.default_namespace = invocation.value("namespace");
  options.all_namespaces = invocation.has("all-namespaces");
  options.timeout = timeout_of(*settings, std::chrono::seconds(30));
  WorkloadSession session(context, *settings, "workload status");
  Execution execution(context);
  auto client = session.client(execution, 16);
  auto objects = objects_of(context, *settings, session);
  if (!objects) return objects.error();
  if (!client) return client.error();

  const auto &terminal = context.console.terminal();
  Changes changes;
  if (follow)
    options.follow = [&](const std::vector<StatusNode> &nodes) {
      if (!terminal.live || !terminal.out.terminal)
        context.console.out(changes.since_before(nodes));
      else
        context.console.block(drawn(nodes, terminal));
    };
  std::function<asio::awaitable<Result<std::vector<StatusNode>>>()> work = [&] {
    return workload_status(**client, std::move(*objects), options);
  };
  auto nodes = execution.run<std::vector<StatusNode>>(work, Interruption{});
  if (!nodes) return nodes.error();
  if (context.json) {
    ordered_json list = ordered_json::array();
    for (const auto &node : *nodes)
      list.push_back(node_json(node));
    context.answer("WorkloadStatus", {{"state", worst_state(*nodes)}, {"objects", std::move(list)}});
    return {};
  }
  std::string text;
  for (const auto &line : drawn(*nodes, terminal))
    text += line + "\n";
  if (text.empty())
    context.say("nothing is there");
  else
    context.console.out(text);
  return {};
}

} // namespace ksail::cli
