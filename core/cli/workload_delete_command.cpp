// SPDX-License-Identifier: Apache-2.0
#include "cli/handlers.hpp"
#include "cli/text_width.hpp"
#include "cli/workload_session.hpp"
#include "orchestrator/workload_delete.hpp"

#include <nlohmann/json.hpp>

#include <charconv>
#include <map>

namespace ksail::cli {

using nlohmann::ordered_json;

namespace {

ordered_json outcome_json(const DeletionOutcome &outcome) {
  ordered_json value = {{"object", outcome.object}, {"effect", outcome.effect}, {"seconds", outcome.seconds}};
  if (!outcome.note.empty()) value["note"] = outcome.note;
  if (outcome.error) {
    value["error"] = outcome.error->message;
    if (!outcome.error->hint.empty()) value["hint"] = outcome.error->hint;
  }
  return value;
}

std::string outcome_line(const DeletionOutcome &outcome, bool color) {
  const Paint paint = outcome.effect == "failed"    ? Paint::red
                      : outcome.effect == "skipped" ? Paint::yellow
                      : outcome.effect == "absent"  ? Paint::dim
                                                    : Paint::green;
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.3fs", outcome.seconds);
  std::string line = outcome.object + " " + painted(outcome.effect, paint, color);
  if (outcome.effect == "deleted" || outcome.effect == "failed") line += " " + painted(seconds, Paint::dim, color);
  if (!outcome.note.empty()) line += ": " + printable(outcome.note);
  if (outcome.error) line += ": " + printable(outcome.error->message);
  return line;
}

Result<WorkloadDeleteOptions> options_of(const Invocation &invocation, const config::Settings &settings) {
  WorkloadDeleteOptions options;
  auto concurrency = concurrency_of(invocation);
  if (!concurrency) return concurrency.error();
  options.concurrency = *concurrency;
  options.default_namespace = invocation.value("namespace");
  options.wait = !invocation.has("no-wait");
  options.dry_run = invocation.value("dry-run") == "server";
  options.timeout = timeout_of(settings, std::chrono::minutes(5));
  const std::string cascade = invocation.value("cascade", "background");
  options.propagation = cascade == "foreground" ? "Foreground" : cascade == "orphan" ? "Orphan" : "Background";
  if (invocation.has("grace-period")) {
    const std::string text = invocation.value("grace-period");
    std::int64_t seconds = -1;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (failed != std::errc() || end != text.data() + text.size() || seconds < 0)
      return Error(Code::usage, "--grace-period: " + text + " is no number of seconds", "0 ends pods at once");
    options.grace_seconds = seconds;
  }
  return options;
}

} // namespace

Result<void> run_workload_delete(CommandContext &context) {
  auto settings = context.settings();
  if (!settings) return settings.error();
  const auto &invocation = context.invocation;
  auto options = options_of(invocation, *settings);
  if (!options) return options.error();
  const std::string dry_run = invocation.value("dry-run");
  const bool names = invocation.value("output") == "name";
  context.summary.command = dry_run.empty() ? "workload delete" : "workload delete dry run";

  // What is deleted has to be named: the source directory is not taken for granted as it is for `apply`.
  WorkloadSession session(context, *settings, "workload delete", invocation.value("dry-run") != "client");
  Execution execution(context);
  auto client = session.client(execution, options->concurrency);
  auto objects = session.objects({.source_directory_too = false, .last_wins = true});
  if (!objects) return objects.error();
  std::map<std::string, std::string> short_names;
  for (const auto &object : *objects)
    short_names[object.describe()] = kubectl_name(object);
  if (dry_run == "client") {
    std::string text;
    for (const auto &object : *objects)
      text += names ? kubectl_name(object) + "\n" : object.describe() + " would be deleted (dry run)\n";
    if (!context.json) context.console.out(text);
    ordered_json list = ordered_json::array();
    for (const auto &object : *objects)
      list.push_back({{"object", object.describe()}, {"effect", "read"}});
    if (context.json) context.answer("WorkloadDeletion", {{"dryRun", "client"}, {"objects", list}, {"failed", 0}});
    return {};
  }
  if (!client) return client.error();
  const std::size_t total = objects->size();
  const std::string step = "delete";
  context.progress.step_started(step, "Deleting");
  std::size_t ended = 0, gone = 0;
  DeletionEvents events;
  events.ended = [&](const DeletionOutcome &outcome) {
    gone += outcome.effect == "deleted";
    context.progress.step_text(step, std::to_string(++ended) + " of " + std::to_string(total) + " objects");
    if (context.json) return;
    if (names && !outcome.error) {
      if (outcome.effect == "deleted") context.console.out(short_names[outcome.object] + "\n");
    } else if (names) {
      context.console.err(outcome.object + ": " + printable(outcome.error->message));
    } else if (!context.quiet || outcome.error) {
      context.console.out(outcome_line(outcome, context.console.terminal().out.color) + "\n");
    }
  };
  events.held = [&](const std::string &title, const std::string &reason) {
    context.progress.step_text(step, title + ": " + printable(reason));
  };
  std::function<asio::awaitable<Result<DeletionReport>>()> work = [&] {
    return delete_objects(**client, std::move(*objects), *options, context.timing, events);
  };
  Interruption interruption;
  interruption.first = "stopping; what was deleted stays deleted (once more ends at once)";
  const auto start = std::chrono::steady_clock::now();
  auto report = execution.run<DeletionReport>(work, interruption);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  context.progress.close();
  if (!report) {
    Error error = report.error();
    if (error.code == Code::cancelled)
      error.message += "; " + std::to_string(gone) + " of " + plural(total, "object") + " were deleted before";
    return error;
  }
  std::vector<std::string> effects;
  std::string hint;
  for (const auto &outcome : report->objects) {
    effects.push_back(outcome.effect);
    if (outcome.error && hint.empty()) hint = outcome.error->hint;
  }
  if (context.json) {
    ordered_json list = ordered_json::array();
    for (const auto &outcome : report->objects)
      list.push_back(outcome_json(outcome));
    ordered_json document = {{"objects", std::move(list)}, {"failed", report->failed}, {"seconds", seconds}};
    if (options->dry_run) document["dryRun"] = "server";
    context.answer("WorkloadDeletion", document);
  } else if (!names) {
    context.say(count_words(effects, {"deleted", "absent", "skipped", "failed"}) +
                (options->dry_run ? " (server dry run)" : "") + ", " + short_duration(seconds));
  }
  if (report->failed == 0) return {};
  return Error(Code::partial,
               std::to_string(report->failed) + " of " + plural(total, "object") +
                   (report->failed == 1 ? " is not deleted" : " are not deleted"),
               hint);
}

} // namespace ksail::cli
