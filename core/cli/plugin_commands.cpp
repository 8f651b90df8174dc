// SPDX-License-Identifier: Apache-2.0
#include "cli/handlers.hpp"
#include "cli/text_width.hpp"
#include "plugins/loader.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>

namespace ksail::cli {

using nlohmann::ordered_json;

namespace {

std::string joined(const std::vector<std::string> &words) {
  std::string text;
  for (const auto &word : words)
    text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string abi_text(const plugins::AbiVersion &abi) {
  return std::to_string(abi.major) + "." + std::to_string(abi.minor);
}

ordered_json manifest_json(const plugins::Found &found) {
  const auto &manifest = *found.manifest;
  return {
      {"id", manifest.id},
      {"version", manifest.version},
      {"abi",
       {{"major", manifest.abi.major}, {"minor", manifest.abi.minor}, {"minHostMinor", manifest.abi.min_host_minor}}},
      {"interfaces", manifest.interfaces},
      {"providers", manifest.provider_names},
      {"capabilities", manifest.capabilities},
      {"distributions", manifest.distributions},
      {"arch", manifest.arch},
      {"license", manifest.license},
      {"homepage", manifest.homepage},
      {"description", manifest.description},
      {"requiresKsail", manifest.requires_ksail},
      {"manifest", found.manifest_path.string()},
      {"library", found.library_path.string()},
      {"shadowed", found.shadowed}};
}

/// Plugins may be looked at without a valid ksail.yaml; only the place of the user's own depends on it.
Result<std::vector<plugins::Found>> found_plugins(CommandContext &context) {
  auto settings = context.settings();
  if (!settings) return settings.error();
  return plugins::discover(context.plugin_path(*settings));
}

} // namespace

Result<void> run_plugin_list(CommandContext &context) {
  auto found = found_plugins(context);
  if (!found) return found.error();
  if (context.json) {
    ordered_json items = ordered_json::array();
    for (const auto &plugin : *found) {
      if (plugin.manifest)
        items.push_back(manifest_json(plugin));
      else
        items.push_back({{"manifest", plugin.manifest_path.string()}, {"error", plugin.manifest.error().message}});
    }
    context.answer("PluginList", {{"items", std::move(items)}});
    return {};
  }
  if (found->empty()) {
    context.say("no plugins; they are looked for in");
    for (const auto &place : plugins::default_search_path(false).dirs)
      context.say("  " + place.manifests.string());
    return {};
  }
  std::vector<std::vector<std::string>> rows = {{"PLUGIN", "VERSION", "ABI", "PROVIDES", "STATE", "MANIFEST"}};
  for (const auto &plugin : *found) {
    if (plugin.manifest)
      rows.push_back({plugin.manifest->id, plugin.manifest->version, abi_text(plugin.manifest->abi),
                      joined(plugin.manifest->provider_names), plugin.shadowed ? "hidden by the one above" : "found",
                      plugin.manifest_path.string()});
    else
      rows.push_back(
          {plugin.manifest_path.stem().string(), "-", "-", "-", "unreadable", plugin.manifest_path.string()});
  }
  context.console.out(columns(rows));
  for (const auto &plugin : *found)
    if (!plugin.manifest) context.progress.warning(plugin.manifest.error().message);
  return {};
}

Result<void> run_plugin_info(CommandContext &context) {
  auto found = found_plugins(context);
  if (!found) return found.error();
  auto plugin = plugins::find_plugin(*found, context.invocation.arguments.front());
  if (!plugin) return plugin.error();
  if (!plugin->manifest) return plugin->manifest.error();
  if (context.json) {
    context.answer("Plugin", manifest_json(*plugin));
    return {};
  }
  const auto &manifest = *plugin->manifest;
  const std::vector<std::pair<const char *, std::string>> lines = {
      {"id", manifest.id},
      {"description", manifest.description},
      {"version", manifest.version},
      {"abi", abi_text(manifest.abi)},
      {"interfaces", joined(manifest.interfaces)},
      {"providers", joined(manifest.provider_names)},
      {"capabilities", joined(manifest.capabilities)},
      {"distributions", joined(manifest.distributions)},
      {"architecture", manifest.arch},
      {"needs ksail", manifest.requires_ksail},
      {"license", manifest.license},
      {"homepage", manifest.homepage},
      {"manifest", plugin->manifest_path.string()},
      {"library", plugin->library_path.string()},
  };
  std::vector<std::vector<std::string>> rows;
  for (const auto &[name, text] : lines)
    if (!text.empty()) rows.push_back({std::string(name) + ":", printable(text)});
  context.console.out(columns(rows));
  return {};
}

Result<void> run_plugin_verify(CommandContext &context) {
  auto found = found_plugins(context);
  if (!found) return found.error();
  std::vector<std::filesystem::path> files;
  for (const auto &word : context.invocation.arguments) {
    if (word.find('/') != std::string::npos || word.ends_with(".so") || word.ends_with(".json")) {
      files.emplace_back(word);
      continue;
    }
    auto plugin = plugins::find_plugin(*found, word);
    if (!plugin) return plugin.error();
    files.push_back(plugin->manifest_path);
  }
  if (context.invocation.arguments.empty())
    for (const auto &plugin : *found)
      files.push_back(plugin.manifest_path);

  ordered_json items = ordered_json::array();
  std::string text;
  std::vector<Error> refused;
  for (const auto &file : files) {
    auto report = plugins::verify(file);
    if (!report) {
      text += file.string() + ": " + report.error().message + "\n";
      items.push_back({{"file", file.string()},
                       {"ok", false},
                       {"error", report.error().message},
                       {"checks", ordered_json::array()}});
      refused.push_back(report.error());
      continue;
    }
    ordered_json checks = ordered_json::array();
    std::vector<std::vector<std::string>> rows;
    for (const auto &check : report->checks) {
      checks.push_back({{"name", check.name}, {"ok", check.ok}, {"message", check.message}, {"hint", check.hint}});
      rows.push_back({"  " + std::string(check.ok ? "ok" : "FAILED"), check.name, printable(check.message)});
      if (!check.ok) refused.emplace_back(Code::plugin, file.filename().string() + ": " + check.message, check.hint);
    }
    text += report->library_path.string() + "\n" + columns(rows);
    items.push_back({{"file", file.string()},
                     {"library", report->library_path.string()},
                     {"id", report->manifest.id},
                     {"ok", report->ok()},
                     {"checks", std::move(checks)}});
  }
  if (context.json)
    context.answer("PluginVerification", {{"ok", refused.empty()}, {"items", std::move(items)}});
  else if (files.empty())
    context.say("no plugins to verify");
  else
    context.console.out(text);
  if (refused.empty()) return {};
  if (refused.size() == 1) return refused.front();
  Error all(Code::plugin, std::to_string(refused.size()) + " checks failed");
  all.causes = std::move(refused);
  return all;
}

} // namespace ksail::cli
