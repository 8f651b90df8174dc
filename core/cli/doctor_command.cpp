// SPDX-License-Identifier: Apache-2.0
#include "cli/execution.hpp"
#include "cli/handlers.hpp"
#include "cli/local_checks.hpp"
#include "cli/text_width.hpp"
#include "kubernetes/kubeconfig.hpp"
#include "orchestrator/journal.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace ksail::cli {

namespace key = config::key;
using nlohmann::ordered_json;

namespace {

Check failed(std::string name, const Error &error) {
  Check check{std::move(name), CheckStatus::fail, error.message, error.hint};
  for (const auto &cause : error.causes)
    check.message += "; " + cause.message;
  return check;
}

Check parse_check(const nlohmann::json &value) {
  const std::string status = value.value("status", "fail");
  Check check;
  check.name = value.value("name", "provider");
  check.status = status == "ok" ? CheckStatus::ok : status == "warn" ? CheckStatus::warn : CheckStatus::fail;
  check.message = value.value("message", "");
  check.hint = value.value("hint", "");
  return check;
}

/// What the provider says of itself, of its engine and of the way there.
void add_provider_checks(CommandContext &context, const config::Settings &settings, std::vector<Check> &checks) {
  Execution execution(context);
  if (auto loaded = execution.load_provider(settings); !loaded) {
    checks.push_back(failed("plugin", loaded.error()));
    return;
  }
  checks.push_back(
      {"plugin", CheckStatus::ok,
       "provider " + settings.text(key::provider) + " is plugin " + std::string(execution.session().provider.id()),
       ""});
  const auto deadline = Deadline::after(timeout_of(settings, std::chrono::seconds(20)));
  std::function<asio::awaitable<Result<plugins::Reply>>()> work = [&] {
    return execution.session().provider.call("diagnose", nlohmann::json::object(), deadline);
  };
  auto reply = execution.run<plugins::Reply>(work, Interruption());
  if (!reply) {
    checks.push_back(failed("engine", reply.error()));
    return;
  }
  // The engine may run elsewhere: where the provider has looked itself, what this machine is like does not count.
  std::vector<Check> remote;
  for (const auto &value : reply->body.value("checks", nlohmann::json::array()))
    if (value.is_object()) remote.push_back(parse_check(value));
  std::erase_if(checks, [&](const Check &local) {
    return std::any_of(remote.begin(), remote.end(), [&](const Check &check) { return check.name == local.name; });
  });
  checks.insert(checks.end(), remote.begin(), remote.end());
}

} // namespace

Result<void> run_doctor(CommandContext &context) {
  auto settings = context.settings();
  if (!settings) return settings.error();
  context.summary.command = "doctor";
  context.summary.provider = settings->text(key::provider);
  auto checks = local_checks(kubernetes::kubeconfig_target(kubeconfig_of(*settings)), state_directory(),
                             static_cast<std::uint16_t>(settings->number(key::api_port)));
  add_provider_checks(context, *settings, checks);
  context.progress.close();

  std::size_t failures = 0, warnings = 0;
  ordered_json list = ordered_json::array();
  std::string text;
  const auto &terminal = context.console.terminal();
  for (const auto &check : checks) {
    failures += check.status == CheckStatus::fail;
    warnings += check.status == CheckStatus::warn;
    list.push_back({{"name", check.name},
                    {"status", check_status_name(check.status)},
                    {"message", context.redaction.apply(check.message)},
                    {"hint", check.hint}});
    const Paint paint = check.status == CheckStatus::ok     ? Paint::green
                        : check.status == CheckStatus::warn ? Paint::yellow
                                                            : Paint::red;
    if (context.quiet && check.status == CheckStatus::ok) continue;
    text += painted(pad(std::string(check_status_name(check.status)), 4), paint, terminal.out.color) + "  " +
            pad(check.name, 18) + " " + printable(context.redaction.apply(check.message)) + "\n";
    if (check.status != CheckStatus::ok && !check.hint.empty())
      text += "      " + painted("hint:", Paint::cyan, terminal.out.color) + " " + printable(check.hint) + "\n";
  }
  if (context.json)
    context.answer("Diagnosis", {{"ok", failures == 0}, {"checks", std::move(list)}});
  else
    context.console.out(text);
  if (failures > 0)
    return Error(Code::failed_precondition,
                 std::to_string(failures) + " of " + std::to_string(checks.size()) + " checks failed");
  if (warnings > 0)
    context.say(std::to_string(warnings) + (warnings == 1 ? " warning" : " warnings") + ", nothing in the way");
  else
    context.say("all good");
  return {};
}

} // namespace ksail::cli
