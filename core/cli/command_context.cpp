// SPDX-License-Identifier: Apache-2.0
#include "cli/command_context.hpp"

#include "distributions/distribution.hpp"
#include "plugins/loader.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace ksail::cli {

namespace {

std::string color_option(const Invocation &invocation) {
  return invocation.has("no-color") ? "never" : invocation.value("color", "auto");
}

std::string variable(const config::Environment &environment, const char *name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

/// Names of all providers that could be loaded. Reads manifests only.
std::vector<std::string> provider_names(const plugins::SearchPath &path) {
  std::vector<std::string> names;
  for (const auto &found : plugins::discover(path))
    if (found.manifest && !found.shadowed)
      names.insert(names.end(), found.manifest->provider_names.begin(), found.manifest->provider_names.end());
  // With nothing installed it is the loader that has to say so, and where it looked.
  if (names.empty()) names.push_back("Docker");
  return names;
}

} // namespace

CommandContext::CommandContext(const Invocation &what, config::Environment variables)
    : invocation(what), environment(std::move(variables)),
      console(this_terminal(environment, color_option(what)), redaction),
      log(console, static_cast<unsigned>(what.count("verbose"))), progress(console, what.has("quiet")),
      json(what.value("output") == "json"), quiet(what.has("quiet")) {}

void CommandContext::answer(std::string_view kind, const nlohmann::ordered_json &members) {
  nlohmann::ordered_json document = {{"apiVersion", "ksail.io/v1alpha1"}, {"kind", kind}};
  document.update(members);
  console.out(document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  answered = true;
}

void CommandContext::say(std::string_view line) {
  if (!json && !quiet) console.out(std::string(line) + "\n");
}

Result<config::Settings> CommandContext::settings() {
  if (settings_) return *settings_;
  config::Request request;
  if (invocation.has("config")) request.config_file = invocation.value("config");
  std::error_code ignored;
  request.working_directory = std::filesystem::current_path(ignored).string();
  request.home = variable(environment, "HOME");
  request.environment = environment;
  const auto take = [&](const std::vector<Option> &options) {
    for (const auto &option : options)
      if (!option.setting.empty() && invocation.has(option.name)) {
        // What may be given several times is a list; of everything else the last word wins.
        std::string text;
        for (const auto &value : invocation.values(option.name))
          text = option.repeatable && !text.empty() ? text + "," + value : value;
        request.flags.push_back({std::string(option.setting), std::move(text), "--" + std::string(option.name)});
      }
  };
  take(invocation.command->options);
  request.choices.distributions = distribution_names();
  request.choices.providers = provider_names(plugins::default_search_path(true));
  auto resolved = config::resolve(request);
  if (!resolved) return resolved.error();
  for (const auto &warning : resolved->warnings())
    progress.warning(warning);
  settings_ = std::move(*resolved);
  return *settings_;
}

plugins::SearchPath CommandContext::plugin_path(const config::Settings &settings) {
  return plugin_path(settings.is_true(config::key::allow_user_plugins));
}

plugins::SearchPath CommandContext::plugin_path(bool allow_user) {
  auto path = plugins::default_search_path(allow_user);
  if (!told_path_warnings_)
    for (const auto &warning : path.warnings)
      progress.warning(warning);
  told_path_warnings_ = true;
  return path;
}

std::chrono::nanoseconds timeout_of(const config::Settings &settings, std::chrono::nanoseconds fallback) {
  return settings.duration(config::key::timeout).value_or(fallback);
}

std::string kubeconfig_of(const config::Settings &settings) {
  const auto &value = settings.value(config::key::kubeconfig);
  // $KUBECONFIG may be a list, which only its reader understands.
  return value.where == "KUBECONFIG" ? std::string() : value.text;
}

} // namespace ksail::cli
