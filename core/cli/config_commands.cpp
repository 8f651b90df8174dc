// SPDX-License-Identifier: Apache-2.0
#include "cli/handlers.hpp"
#include "cli/text_width.hpp"
#include "config/suggestion.hpp"
#include "distributions/distribution.hpp"

#include <nlohmann/json.hpp>

namespace ksail::cli {

namespace key = config::key;
using nlohmann::ordered_json;

namespace {

std::string image_in_effect(const config::Settings &settings, const std::string &distribution_name) {
  const auto &given = settings.text(key::node_image(distribution_name));
  if (!given.empty()) return given;
  const auto *distribution = find_distribution(distribution_name);
  return distribution ? distribution->default_node_image(settings.text(key::kubernetes_version)) : std::string();
}

} // namespace

Result<void> run_config_view(CommandContext &context) {
  const std::string image_of = context.invocation.value("default-node-image");
  auto settings = context.settings();
  if (!settings) return settings.error();
  if (!image_of.empty()) {
    const auto *distribution = find_distribution(image_of);
    if (!distribution) {
      const auto names = distribution_names();
      const auto near = config::closest(image_of, names);
      return Error(Code::usage, "--default-node-image: unknown distribution '" + image_of + "'",
                   near.empty() ? "accepted: " + config::any_of(names) : "did you mean " + near + "?");
    }
    const std::string image = image_in_effect(*settings, std::string(distribution->name()));
    if (image.empty())
      return Error(Code::not_found, "no node image is known for Kubernetes " + settings->text(key::kubernetes_version));
    if (context.json)
      context.answer("NodeImage", {{"distribution", distribution->name()}, {"image", image}});
    else
      context.console.out(image + "\n");
    return {};
  }

  const bool origins = context.invocation.has("show-origin");
  if (context.json) {
    ordered_json values = ordered_json::object();
    for (const auto &[name, value] : settings->all()) {
      values[name] = {{"value", value.text}, {"origin", config::origin_name(value.origin)}};
      if (!value.where.empty()) values[name]["where"] = value.where;
    }
    context.answer("Configuration", {{"file", settings->file()}, {"values", std::move(values)}});
    return {};
  }
  std::vector<std::vector<std::string>> rows = {{"SETTING", "VALUE"}};
  if (origins) rows.front().push_back("ORIGIN");
  for (const auto &[name, value] : settings->all()) {
    // What nobody set and has no default says nothing to those who only want the values.
    if (value.text.empty() && !origins) continue;
    rows.push_back({name, value.text.empty() ? "-" : value.text});
    if (origins)
      rows.back().push_back(value.where.empty() ? std::string(config::origin_name(value.origin)) : value.where);
  }
  context.console.out(columns(rows));
  return {};
}

} // namespace ksail::cli
