// SPDX-License-Identifier: Apache-2.0
#include "cli/execution.hpp"
#include "cli/handlers.hpp"
#include "cli/text_width.hpp"
#include "cli/workload_session.hpp"
#include "orchestrator/object_set.hpp"
#include "orchestrator/workload.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace ksail::cli {

using manifests::Object;
using nlohmann::ordered_json;

namespace {

ordered_json outcome_json(const ObjectOutcome &outcome) {
  ordered_json value = {{"object", outcome.object}, {"effect", outcome.effect}, {"seconds", outcome.seconds}};
  if (!outcome.note.empty()) value["note"] = outcome.note;
  if (outcome.error) {
    value["error"] = outcome.error->message;
    if (!outcome.error->hint.empty()) value["hint"] = outcome.error->hint;
  }
  return value;
}

std::string outcome_line(const ObjectOutcome &outcome, bool color) {
  const bool bad = outcome.effect == "failed";
  const Paint paint = bad                             ? Paint::red
                      : outcome.effect == "skipped"   ? Paint::yellow
                      : outcome.effect == "pruned"    ? Paint::yellow
                      : outcome.effect == "unchanged" ? Paint::dim
                                                      : Paint::green;
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.3fs", outcome.seconds);
  std::string line =
      outcome.object + " " + painted(outcome.effect, paint, color) + " " + painted(seconds, Paint::dim, color);
  if (!outcome.note.empty()) line += ": " + printable(outcome.note);
  if (outcome.error) line += ": " + printable(outcome.error->message);
  return line;
}

/// Written in pieces: there may be a million of them.
Result<void> show_unapplied(CommandContext &context, const ObjectSet &objects) {
  constexpr std::size_t piece = std::size_t{64} << 10U;
  const bool names = context.invocation.value("output") == "name";
  std::string text;
  if (context.json) {
    context.answered = true;
    text = R"({"apiVersion":"ksail.io/v1alpha1","kind":"WorkloadReport","dryRun":"client","objects":[)";
  }
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const Object object = objects.head(i);
    if (context.json) {
      const ordered_json item = {{"object", object.describe()}, {"effect", "read"}, {"where", object.where.describe()}};
      text += (i > 0 ? ",\n" : "\n") + item.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
    } else {
      text += names ? kubectl_name(object) + "\n" : object.describe() + " read (dry run)\n";
    }
    if (text.size() < piece) continue;
    context.console.out(text);
    text.clear();
  }
  if (context.json) text += "\n],\"failed\":0}\n";
  context.console.out(text);
  return {};
}

std::string counts(const WorkloadReport &report) {
  std::map<std::string, unsigned> by_effect;
  for (const auto &outcome : report.objects)
    ++by_effect[outcome.effect];
  std::string text;
  for (const char *effect : {"created", "configured", "unchanged", "replaced", "pruned", "kept", "skipped", "failed"})
    if (by_effect[effect]) text += (text.empty() ? "" : ", ") + std::to_string(by_effect[effect]) + " " + effect;
  return text;
}

} // namespace

Result<void> run_workload_apply(CommandContext &context) {
  auto settings = context.settings();
  if (!settings) return settings.error();
  const auto &invocation = context.invocation;
  const bool names = invocation.value("output") == "name";
  const std::string dry_run = invocation.value("dry-run");
  WorkloadApplyOptions options;
  auto concurrency = concurrency_of(invocation);
  if (!concurrency) return concurrency.error();
  options.concurrency = *concurrency;
  options.default_namespace = invocation.value("namespace");
  auto field_manager = field_manager_of(invocation);
  if (!field_manager) return field_manager.error();
  options.field_manager = std::move(*field_manager);
  options.force_conflicts = !invocation.has("no-force-conflicts");
  options.fail_fast = invocation.has("fail-fast");
  options.replace_immutable = invocation.has("replace-immutable");
  options.wait = invocation.has("wait");
  options.tool = "ksail/" KSAIL_VERSION;
  options.dry_run = dry_run == "server";
  options.timeout = timeout_of(*settings, std::chrono::minutes(5));
  context.summary.command = dry_run.empty() ? "workload apply" : "workload apply dry run";

  const bool local = dry_run == "client";
  WorkloadSession session(context, *settings, "workload apply", !local);
  Execution execution(context);
  auto client = session.client(execution, options.concurrency);
  auto objects = session.object_set({.last_wins = invocation.has("last-wins")});
  if (!objects) return objects.error();
  if (invocation.has("inventory")) {
    auto inventory = kubernetes::apply_set_parent(invocation.value("inventory"), session.home_namespace());
    if (!inventory) return inventory.error();
    options.inventory = std::move(*inventory);
  }
  options.prune = invocation.has("prune");
  if (options.prune && !options.inventory)
    return Error(Code::usage, "--prune needs to know what was applied before", "--inventory NAME, always the same one");
  if (local) return show_unapplied(context, **objects);
  if (!client) return client.error();
  const std::size_t total = (*objects)->size();
  std::map<std::string, std::string> short_names;
  if (names)
    for (std::size_t i = 0; i < total; ++i) {
      const Object object = (*objects)->head(i);
      short_names[object.describe()] = kubectl_name(object);
    }

  const auto start = std::chrono::steady_clock::now();
  const std::string step = "apply";
  context.progress.step_started(step, options.wait ? "Applying and waiting" : "Applying");
  std::size_t ended = 0;
  std::function<void(const ObjectOutcome &)> on_object = [&](const ObjectOutcome &outcome) {
    context.progress.step_text(step, std::to_string(++ended) + " of " + std::to_string(total) + " objects");
    if (context.json) return;
    if ((names || context.quiet) && !outcome.note.empty())
      context.console.err(outcome.object + ": " + printable(outcome.note));
    if (names) {
      if (outcome.effect != "failed" && outcome.effect != "skipped")
        context.console.out((short_names.contains(outcome.object) ? short_names[outcome.object] : outcome.object) +
                            "\n");
      else if (outcome.error)
        context.console.err(outcome.object + ": " + outcome.error->message);
    } else if (!context.quiet || outcome.error) {
      context.console.out(outcome_line(outcome, context.console.terminal().out.color) + "\n");
    }
  };
  std::function<asio::awaitable<Result<WorkloadReport>>()> work = [&] {
    return apply_objects(**client, *objects, options, context.timing, on_object);
  };
  Interruption interruption;
  interruption.first = "stopping after the requests under way; what was applied stays (once more ends at once)";
  interruption.left = "stopped at once: whether the objects under way were applied is not known";
  auto report = execution.run<WorkloadReport>(work, interruption);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  // Every object had its line: the step itself would only repeat the summary.
  context.progress.close();
  if (!report) return report.error();

  Error failure(Code::partial, std::to_string(report->failed) + " of " + plural(total, "object") + " failed");
  if (context.json) {
    ordered_json list = ordered_json::array();
    for (const auto &outcome : report->objects)
      list.push_back(outcome_json(outcome));
    ordered_json document = {{"objects", std::move(list)}, {"failed", report->failed}, {"seconds", seconds}};
    if (options.dry_run) document["dryRun"] = "server";
    if (!report->not_pruned.empty()) document["notPruned"] = report->not_pruned;
    if (report->interrupted) document["interrupted"] = true;
    context.answer("WorkloadReport", document);
  } else if (!names) {
    context.say(counts(*report) + (options.dry_run ? " (server dry run)" : "") + ", " + short_duration(seconds));
  }
  if (report->interrupted)
    return Error(Code::cancelled, "interrupted: " + counts(*report) + " of " + std::to_string(total) + " objects",
                 "apply again to go on; what is applied already stays as it is");
  if (report->failed == 0 && !report->not_pruned.empty())
    return Error(Code::partial, "nothing was pruned: " + report->not_pruned, "apply again to try it once more");
  if (report->failed == 0) return {};
  // The lines above said why; hints are worth repeating where they are seen.
  for (const auto &outcome : report->objects) {
    if (!outcome.error || outcome.error->hint.empty() || !failure.hint.empty()) continue;
    failure.hint = outcome.error->hint;
    const bool conflict = !options.force_conflicts && outcome.error->code == Code::aborted && !outcome.error->retryable;
    if (conflict)
      failure.hint = "without --no-force-conflicts these fields are taken over; or remove them from the manifest";
  }
  return failure;
}

} // namespace ksail::cli
