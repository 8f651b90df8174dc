// SPDX-License-Identifier: Apache-2.0
#include "cli/execution.hpp"
#include "cli/handlers.hpp"
#include "cli/overlay.hpp"
#include "cli/text_width.hpp"
#include "kubernetes/kubeconfig.hpp"
#include "manifests/reader.hpp"
#include "orchestrator/workload.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>

namespace ksail::cli {

namespace key = config::key;
using manifests::Object;
using nlohmann::ordered_json;

namespace {

/// "deployment.apps/web", as kubectl writes it.
std::string short_name(const Object &object) {
  std::string kind = object.kind;
  std::transform(kind.begin(), kind.end(), kind.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; });
  const std::string group = object.group();
  return kind + (group.empty() ? "" : "." + group) + "/" + (object.name.empty() ? object.generate_name : object.name);
}

Result<void> read_path(const std::string &path, bool recursive, const manifests::ObjectSink &sink) {
  std::error_code ignored;
  if (path != "-" && std::filesystem::is_directory(path, ignored))
    return manifests::read_directory(path, recursive, sink);
  return manifests::read_file(path, sink);
}

/// Everything that was asked for, in the order it was asked for.
Result<std::vector<Object>> read_objects(CommandContext &context, const config::Settings &settings) {
  timing::Scope scope(context.timing, "read", "manifests");
  const auto &invocation = context.invocation;
  auto paths = invocation.values("filename");
  auto overlays = invocation.values("overlay-path");
  bool recursive = invocation.has("recursive");
  if (paths.empty() && overlays.empty()) {
    const auto &source = settings.text(key::source_directory);
    if (source.empty())
      return Error(Code::usage, "`ksail workload apply` needs to know what to apply",
                   "-f FILE, -f DIRECTORY, -f - for standard input, or --overlay-path DIRECTORY");
    if (is_overlay(source))
      overlays.push_back(source);
    else {
      paths.push_back(source);
      recursive = true;
    }
  }
  if (std::count(paths.begin(), paths.end(), "-") > 1)
    return Error(Code::usage, "standard input can only be read once: -f - is given twice");
  std::vector<Object> objects;
  const manifests::ObjectSink sink = [&](Object object) -> Result<void> {
    objects.push_back(std::move(object));
    return {};
  };
  for (const auto &path : paths)
    if (auto read = read_path(path, recursive, sink); !read) {
      scope.fail();
      return read.error();
    }
  if (!overlays.empty()) {
    auto built = overlay_objects(context, overlays);
    if (!built) {
      scope.fail();
      return built.error();
    }
    std::move(built->begin(), built->end(), std::back_inserter(objects));
  }
  if (objects.empty())
    return Error(Code::not_found, "there is nothing to apply: no object was found in what was given",
                 recursive ? "" : "-R also reads the directories below");
  return objects;
}

/// The context to use; empty: the kubeconfig's current one.
std::string context_in_effect(const config::Settings &settings) {
  const auto &given = settings.text(key::context);
  if (!given.empty()) return given;
  // A project that names its cluster means that one, whatever was used last.
  const auto &name = settings.value(key::name);
  return name.origin == config::Origin::file || name.origin == config::Origin::environment ? context_name(name.text)
                                                                                           : "";
}

ordered_json outcome_json(const ObjectOutcome &outcome) {
  ordered_json value = {{"object", outcome.object}, {"effect", outcome.effect}, {"seconds", outcome.seconds}};
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
                      : outcome.effect == "unchanged" ? Paint::dim
                                                      : Paint::green;
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.3fs", outcome.seconds);
  std::string line =
      outcome.object + " " + painted(outcome.effect, paint, color) + " " + painted(seconds, Paint::dim, color);
  if (outcome.error) line += ": " + printable(outcome.error->message);
  return line;
}

Result<void> show_unapplied(CommandContext &context, const std::vector<Object> &objects) {
  if (context.json) {
    ordered_json list = ordered_json::array();
    for (const auto &object : objects)
      list.push_back({{"object", object.describe()}, {"effect", "read"}, {"where", object.where.describe()}});
    context.answer("WorkloadReport", {{"dryRun", "client"}, {"objects", std::move(list)}, {"failed", 0}});
    return {};
  }
  const bool names = context.invocation.value("output") == "name";
  std::string text;
  for (const auto &object : objects)
    text += names ? short_name(object) + "\n" : object.describe() + " read (dry run)\n";
  context.console.out(text);
  return {};
}

std::string counts(const WorkloadReport &report) {
  std::map<std::string, unsigned> by_effect;
  for (const auto &outcome : report.objects)
    ++by_effect[outcome.effect];
  std::string text;
  for (const char *effect : {"created", "configured", "unchanged", "skipped", "failed"})
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
  const std::string concurrency = invocation.value("concurrency", "32");
  std::from_chars(concurrency.data(), concurrency.data() + concurrency.size(), options.concurrency);
  if (options.concurrency < 1 || options.concurrency > 512)
    return Error(Code::usage, "--concurrency: " + concurrency + " is out of range", "from 1 to 512");
  options.default_namespace = invocation.value("namespace");
  options.field_manager = invocation.value("field-manager", "ksail");
  options.force_conflicts = !invocation.has("no-force-conflicts");
  options.fail_fast = invocation.has("fail-fast");
  options.wait = invocation.has("wait");
  options.dry_run = dry_run == "server";
  options.timeout = timeout_of(*settings, std::chrono::minutes(5));
  context.summary.command = dry_run.empty() ? "workload apply" : "workload apply dry run";

  auto objects = read_objects(context, *settings);
  if (!objects) return objects.error();
  if (dry_run == "client") return show_unapplied(context, *objects);

  auto access =
      kubernetes::load_access(kubernetes::kubeconfig_files(kubeconfig_of(*settings)), context_in_effect(*settings));
  if (!access) return access.error();
  context.redaction.add(access->bearer_token);
  context.redaction.add(access->basic_password);

  Execution execution(context);
  http::PoolOptions pool;
  pool.max_connections = std::max(pool.max_connections, options.concurrency);
  pool.user_agent = "ksail/" KSAIL_VERSION;
  kubernetes::Client client(execution.executor(), std::move(*access), pool);
  const std::size_t total = objects->size();
  std::map<std::string, std::string> short_names;
  if (names)
    for (const auto &object : *objects)
      short_names[object.describe()] = short_name(object);

  const auto start = std::chrono::steady_clock::now();
  const std::string step = "apply";
  context.progress.step_started(step, options.wait ? "Applying and waiting" : "Applying");
  std::size_t ended = 0;
  std::function<void(const ObjectOutcome &)> on_object = [&](const ObjectOutcome &outcome) {
    context.progress.step_text(step, std::to_string(++ended) + " of " + std::to_string(total) + " objects");
    if (context.json) return;
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
    return apply_objects(client, std::move(*objects), options, context.timing, on_object);
  };
  Interruption interruption;
  interruption.first = "stopping; what was applied stays (once more ends at once)";
  auto report = execution.run<WorkloadReport>(work, interruption);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  // Every object had its line: the step itself would only repeat the summary.
  context.progress.close();
  if (!report) return report.error();

  Error failure(Code::partial, std::to_string(report->failed) + " of " + std::to_string(total) + " objects failed");
  if (context.json) {
    ordered_json list = ordered_json::array();
    for (const auto &outcome : report->objects)
      list.push_back(outcome_json(outcome));
    ordered_json document = {{"objects", std::move(list)}, {"failed", report->failed}, {"seconds", seconds}};
    if (options.dry_run) document["dryRun"] = "server";
    context.answer("WorkloadReport", document);
  } else if (!names) {
    context.say(counts(*report) + (options.dry_run ? " (server dry run)" : "") + ", " + short_duration(seconds));
  }
  if (report->failed == 0) return {};
  // The lines above said why; hints are worth repeating where they are seen.
  for (const auto &outcome : report->objects)
    if (outcome.error && !outcome.error->hint.empty() && failure.hint.empty()) failure.hint = outcome.error->hint;
  return failure;
}

} // namespace ksail::cli
