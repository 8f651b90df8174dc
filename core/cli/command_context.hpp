// SPDX-License-Identifier: Apache-2.0
// What a command gets, and how it answers.
#pragma once

#include "cli/console.hpp"
#include "cli/exit_code.hpp"
#include "cli/log.hpp"
#include "cli/parse.hpp"
#include "cli/redaction.hpp"
#include "cli/terminal_progress.hpp"
#include "config/config.hpp"
#include "plugins/search_path.hpp"
#include "timing/timing.hpp"

#include <ksail/sdk/result.hpp>

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace ksail::cli {

class CommandContext {
public:
  CommandContext(const Invocation &invocation, config::Environment environment);

  const Invocation &invocation;
  const config::Environment environment;
  Redaction redaction;
  Console console;
  Log log;
  TerminalProgress progress;
  timing::Recorder timing;
  timing::CommandSummary summary; ///< a command that is worth a line in the timing log fills in `command`
  const bool json;
  const bool quiet;
  bool answered = false;               ///< the JSON document is on stdout: an error may not become a second one
  int success_code = exit_code::ok;    ///< of a command whose answer is its exit code, as that of `diff`
  int failed_code = exit_code::failed; ///< what stands for exit code 1 where that means something else
  int signal = 0;                      ///< the first one that interrupted the command

  /// The result as a document: adds apiVersion and `kind` in front. With -o json only.
  void answer(std::string_view kind, const nlohmann::ordered_json &members);
  /// What happened, on stdout; not with --quiet and not with -o json.
  void say(std::string_view line);

  /// Settings from everything; warnings about them are shown once.
  Result<config::Settings> settings();
  /// Where plugins are looked for, given `settings`.
  plugins::SearchPath plugin_path(const config::Settings &settings);
  plugins::SearchPath plugin_path(bool allow_user);

private:
  std::optional<config::Settings> settings_;
  bool told_path_warnings_ = false;
};

/// Value of --timeout or the setting, or `fallback`.
std::chrono::nanoseconds timeout_of(const config::Settings &settings, std::chrono::nanoseconds fallback);
/// --kubeconfig or the setting; empty where $KUBECONFIG or ~/.kube/config decide.
std::string kubeconfig_of(const config::Settings &settings);

} // namespace ksail::cli
