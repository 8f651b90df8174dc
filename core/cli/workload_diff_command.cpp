// SPDX-License-Identifier: Apache-2.0
#include "cli/handlers.hpp"
#include "cli/text_width.hpp"
#include "cli/workload_session.hpp"
#include "orchestrator/workload_diff.hpp"

#include <nlohmann/json.hpp>

namespace ksail::cli {

using nlohmann::ordered_json;

namespace {

std::string colored(const std::string &diff, bool color) {
  if (!color) return diff;
  std::string out;
  for (std::string_view rest = diff; !rest.empty();) {
    const auto end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    const Paint paint = line.starts_with("---") || line.starts_with("+++") ? Paint::bold
                        : line.starts_with("@@")                           ? Paint::cyan
                        : line.starts_with("-")                            ? Paint::red
                        : line.starts_with("+")                            ? Paint::green
                                                                           : Paint::none;
    out += painted(line, paint, paint != Paint::none) + "\n";
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return out;
}

ordered_json difference_json(const ObjectDifference &difference) {
  ordered_json value = {{"object", difference.object}, {"change", difference.change}};
  if (!difference.text.empty()) value["diff"] = difference.text;
  if (!difference.note.empty()) value["note"] = difference.note;
  if (difference.error) {
    value["error"] = difference.error->message;
    if (!difference.error->hint.empty()) value["hint"] = difference.error->hint;
  }
  return value;
}

void show(CommandContext &context, const std::vector<ObjectDifference> &differences) {
  const auto &terminal = context.console.terminal();
  std::string text;
  for (const auto &difference : differences) {
    if (!difference.text.empty() && !difference.note.empty())
      text += painted("# " + difference.object + ": " + difference.note, Paint::dim, terminal.out.color) + "\n";
    text += colored(difference.text, terminal.out.color);
  }
  if (!text.empty()) context.console.out(text);
  for (const auto &difference : differences)
    if (difference.error) {
      context.console.err(painted("failed", Paint::red, terminal.err.color) + " " + difference.object + ": " +
                          printable(difference.error->message));
    }
}

} // namespace

Result<void> run_workload_diff(CommandContext &context) {
  // `diff` says 1 when it found something: whatever goes wrong has to say something else.
  context.failed_code = exit_code::usage;
  auto settings = context.settings();
  if (!settings) return settings.error();
  const auto &invocation = context.invocation;
  WorkloadDiffOptions options;
  auto concurrency = concurrency_of(invocation);
  if (!concurrency) return concurrency.error();
  options.concurrency = *concurrency;
  options.default_namespace = invocation.value("namespace");
  auto field_manager = field_manager_of(invocation);
  if (!field_manager) return field_manager.error();
  options.field_manager = std::move(*field_manager);
  options.force_conflicts = !invocation.has("no-force-conflicts");
  options.timeout = timeout_of(*settings, std::chrono::minutes(1));
  context.summary.command = "workload diff";

  WorkloadSession session(context, *settings, "workload diff");
  Execution execution(context);
  auto client = session.client(execution, options.concurrency);
  auto objects = session.objects({.last_wins = invocation.has("last-wins")});
  if (!objects) return objects.error();
  if (!client) return client.error();
  const std::size_t total = objects->size();
  std::function<asio::awaitable<Result<std::vector<ObjectDifference>>>()> work = [&] {
    return diff_objects(**client, std::move(*objects), options);
  };
  auto differences = execution.run<std::vector<ObjectDifference>>(work, Interruption{});
  if (!differences) return differences.error();

  std::size_t failed = 0, different = 0;
  std::string hint;
  for (const auto &difference : *differences) {
    failed += difference.error.has_value();
    different += !difference.text.empty();
    if (difference.error && hint.empty()) hint = difference.error->hint;
  }
  if (context.json) {
    ordered_json list = ordered_json::array();
    for (const auto &difference : *differences)
      list.push_back(difference_json(difference));
    context.answer("WorkloadDiff", {{"objects", std::move(list)}, {"different", different}, {"failed", failed}});
  } else {
    show(context, *differences);
  }
  if (failed > 0)
    return Error(Code::partial, std::to_string(failed) + " of " + plural(total, "object") + " could not be compared",
                 hint);
  if (different > 0) context.success_code = exit_code::failed;
  return {};
}

} // namespace ksail::cli
