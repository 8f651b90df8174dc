// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.hpp"

#include "cli/command_context.hpp"
#include "cli/completion.hpp"
#include "cli/error_text.hpp"
#include "cli/execution.hpp"
#include "cli/exit_code.hpp"
#include "cli/handlers.hpp"
#include "cli/help.hpp"
#include "cli/version.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>

namespace ksail::cli {

namespace {

using Handler = Result<void> (*)(CommandContext &);

struct Entry {
  std::string_view path;
  Handler handler;
};

constexpr std::array handlers = {
    Entry{"cluster create", run_cluster_create},
    Entry{"cluster delete", run_cluster_delete},
    Entry{"cluster list", run_cluster_list},
    Entry{"cluster status", run_cluster_status},
    Entry{"cluster start", run_cluster_start},
    Entry{"cluster stop", run_cluster_stop},
    Entry{"cluster kubeconfig", run_cluster_kubeconfig},
    Entry{"cluster logs", run_cluster_logs},
    Entry{"cluster scale", run_cluster_scale},
    Entry{"cluster info", run_cluster_info},
    Entry{"cluster load-image", run_cluster_load_image},
    Entry{"workload apply", run_workload_apply},
    Entry{"workload build", run_workload_build},
    Entry{"workload diff", run_workload_diff},
    Entry{"workload delete", run_workload_delete},
    Entry{"workload wait", run_workload_wait},
    Entry{"workload status", run_workload_status},
    Entry{"workload validate", run_workload_validate},
    Entry{"plugin list", run_plugin_list},
    Entry{"plugin info", run_plugin_info},
    Entry{"plugin verify", run_plugin_verify},
    Entry{"doctor", run_doctor},
    Entry{"config view", run_config_view},
    Entry{"version", run_version},
    Entry{"completion", run_completion},
    Entry{"help", run_help},
    Entry{"__man", run_man},
};

/// What can be told of the wish for JSON while the command line as a whole cannot be understood.
bool wants_json(const std::vector<std::string> &words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--") return false;
    if (words[i] == "-ojson" || words[i] == "-o=json" || words[i] == "--output=json") return true;
    if ((words[i] == "-o" || words[i] == "--output") && i + 1 < words.size() && words[i + 1] == "json") return true;
  }
  return false;
}

void show_error(CommandContext &context, const Error &error) {
  if (context.json && !context.answered) {
    const auto text = error_json(error).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    context.console.out(context.redaction.apply(text) + "\n");
    return;
  }
  const auto &terminal = context.console.terminal();
  context.console.err_text(error_text(error, {terminal.err.color, terminal.utf8}));
}

void write_timing(CommandContext &context, bool failed) {
  auto &summary = context.summary;
  if (summary.command.empty()) return;
  summary.failed = failed;
  summary.seconds = context.timing.elapsed_seconds();
  const auto variable = [&](const char *name) {
    const auto found = context.environment.find(name);
    return found == context.environment.end() ? std::string() : found->second;
  };
  const auto append = [&](const std::string &path, const std::string &text) {
    if (path.empty()) return;
    // The work is done: a file that cannot be written does not make it fail.
    if (auto written = timing::append_line(path, text); !written) context.progress.warning(written.error().message);
  };
  append(variable("KSAIL_TIMING_LOG"), timing::log_line(summary, std::chrono::system_clock::now()));
  const auto file = context.invocation.value("timing-json");
  const auto from_environment = variable("KSAIL_TIMING_JSON");
  if (!file.empty() || !from_environment.empty()) {
    const std::string lines = context.redaction.apply(timing::json_lines(summary, context.timing));
    append(file, lines);
    if (from_environment != file) append(from_environment, lines);
  }
  if (context.invocation.has("timing"))
    context.console.err_text("\n" + timing::table(context.timing.spans(), summary.seconds, terminal_size().columns) +
                             timing::resource_table(context.timing.samples()));
}

Result<void> dispatch(CommandContext &context) {
  for (const auto &[path, handler] : handlers)
    if (path == context.invocation.command->path) return handler(context);
  return Error(Code::internal, "no handler for `" + std::string(context.invocation.command->path) + "`");
}

int finish(CommandContext &context, const Result<void> &result) {
  context.progress.close();
  write_timing(context, !result);
  int code = context.success_code;
  if (!result) {
    Error error = result.error();
    code = exit_code_of(error);
    if (code == exit_code::failed) code = context.failed_code;
    if (context.signal != 0) {
      code = 128 + context.signal;
      if (error.code == Code::cancelled) error.message = "interrupted: " + error.message;
    }
    show_error(context, error);
  }
  if (const int failure = context.console.out_failure(); failure != 0 && failure != EPIPE) {
    context.console.err("error: cannot write to standard output: " + std::string(std::strerror(failure)));
    if (code == exit_code::ok) code = context.failed_code;
  }
  return code;
}

/// A command line that is not understood, told as it was asked for.
int refuse(const std::vector<std::string> &words, const Error &error) {
  Invocation nothing;
  nothing.command = find_command("");
  if (wants_json(words)) nothing.options["output"] = {"json"};
  // Colour options are taken at their word even where the rest is wrong.
  for (const auto &word : words)
    if (word == "--no-color" || word == "--color=never") nothing.options["no-color"] = {"true"};
  auto &context = *new CommandContext(nothing, config::process_environment());
  return finish(context, error);
}

} // namespace

int run_command_line(const std::vector<std::string> &words) {
  if (!words.empty() && words.front() == "__complete") {
    const Redaction nothing_secret;
    Console console(Terminal(), nothing_secret);
    console.out(completion_answer({words.begin() + 1, words.end()}));
    return exit_code::ok;
  }
  auto parsed = parse(words);
  if (!parsed) return refuse(words, parsed.error());
  // Kept for good: a plugin thread that is stuck may log while the process already ends.
  auto &invocation = *new Invocation(std::move(*parsed));
  auto &context = *new CommandContext(invocation, config::process_environment());
  const Command &command = *invocation.command;
  if (command.path.empty() && invocation.has("version")) {
    context.console.out(version_text());
    return finish(context, {});
  }
  if (invocation.has("help") || !members(command.path).empty()) {
    context.console.out(help_text(command, terminal_size().columns));
    return finish(context, {});
  }
  if (invocation.value("output") == "name" && command.path != "workload apply" && command.path != "workload delete")
    return finish(context, Error(Code::usage, "--output name is for `ksail workload apply` and `delete` only",
                                 "accepted: text or json"));
  if (invocation.value("output") == "yaml" && command.path != "workload build")
    return finish(context,
                  Error(Code::usage, "--output yaml is for `ksail workload build` only", "accepted: text or json"));
  const auto result = dispatch(context);
  const int code = finish(context, result);
  end_plugins();
  return code;
}

} // namespace ksail::cli
