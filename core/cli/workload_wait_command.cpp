// SPDX-License-Identifier: Apache-2.0
#include "cli/handlers.hpp"
#include "cli/text_width.hpp"
#include "cli/workload_session.hpp"
#include "orchestrator/workload_await.hpp"

#include <nlohmann/json.hpp>

namespace ksail::cli {

using nlohmann::ordered_json;
using Until = WorkloadAwaitOptions::Until;

namespace {

/// --for ready | delete | condition=TYPE[=STATUS]
Result<void> read_condition(const std::string &text, WorkloadAwaitOptions &options) {
  constexpr std::string_view condition = "condition=";
  if (text == "ready") return {};
  if (text == "delete") {
    options.until = Until::gone;
    return {};
  }
  std::string rest = text.starts_with(condition) ? text.substr(condition.size()) : "";
  const auto equals = rest.find('=');
  if (equals != std::string::npos) {
    options.status = rest.substr(equals + 1);
    rest.resize(equals);
  }
  if (rest.empty() || options.status.empty())
    return Error(Code::usage, "--for: " + text + " is nothing that can be waited for",
                 "ready, delete, condition=Available or condition=Progressing=False");
  options.until = Until::condition;
  options.condition = rest;
  return {};
}

std::string word_of(const WorkloadAwaitOptions &options) {
  if (options.until == Until::gone) return "gone";
  return options.until == Until::ready ? "ready" : options.condition + "=" + options.status;
}

} // namespace

Result<void> run_workload_wait(CommandContext &context) {
  auto settings = context.settings();
  if (!settings) return settings.error();
  const auto &invocation = context.invocation;
  WorkloadAwaitOptions options;
  if (auto read = read_condition(invocation.value("for", "ready"), options); !read) return read.error();
  options.default_namespace = invocation.value("namespace");
  options.timeout = timeout_of(*settings, std::chrono::minutes(5));
  context.summary.command = "workload wait";

  WorkloadSession session(context, *settings, "workload wait");
  Execution execution(context);
  auto client = session.client(execution, 16);
  auto objects = session.objects({.last_wins = true});
  if (!objects) return objects.error();
  if (!client) return client.error();
  const std::size_t total = objects->size();
  const std::string word = word_of(options), step = "wait";
  context.progress.step_started(step, "Waiting");
  std::size_t ended = 0;
  std::function<void(const AwaitedObject &)> on_object = [&](const AwaitedObject &awaited) {
    context.progress.step_text(step, std::to_string(++ended) + " of " + std::to_string(total) + " objects");
    if (context.json || (context.quiet && !awaited.error)) return;
    const bool color = context.console.terminal().out.color;
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.3fs", awaited.seconds);
    std::string line = awaited.object + " " +
                       painted(awaited.error ? "failed" : word, awaited.error ? Paint::red : Paint::green, color) +
                       " " + painted(seconds, Paint::dim, color);
    if (awaited.error) line += ": " + printable(awaited.error->message);
    context.console.out(line + "\n");
  };
  std::function<asio::awaitable<Result<std::vector<AwaitedObject>>>()> work = [&] {
    return await_objects(**client, std::move(*objects), options, context.timing, on_object);
  };
  auto awaited = execution.run<std::vector<AwaitedObject>>(work, Interruption{});
  context.progress.close();
  if (!awaited) return awaited.error();

  std::size_t failed = 0, late = 0;
  std::string hint;
  ordered_json list = ordered_json::array();
  for (const auto &object : *awaited) {
    ordered_json value = {
        {"object", object.object}, {"state", object.error ? "failed" : word}, {"seconds", object.seconds}};
    if (object.error) {
      ++failed;
      late += object.error->code == Code::deadline_exceeded;
      if (hint.empty()) hint = object.error->hint;
      value["error"] = object.error->message;
      if (!object.error->hint.empty()) value["hint"] = object.error->hint;
    }
    list.push_back(std::move(value));
  }
  if (context.json) context.answer("WorkloadWait", {{"objects", std::move(list)}, {"failed", failed}});
  if (failed == 0) return {};
  return Error(late == failed ? Code::deadline_exceeded : Code::partial,
               std::to_string(failed) + " of " + plural(total, "object") +
                   (options.until == Until::gone ? (failed == 1 ? " is still there" : " are still there")
                                                 : " did not become " + word),
               hint);
}

} // namespace ksail::cli
