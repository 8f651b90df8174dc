// SPDX-License-Identifier: Apache-2.0
#include "cli/handlers.hpp"
#include "cli/text_width.hpp"
#include "cli/workload_session.hpp"
#include "manifests/reader.hpp"
#include "orchestrator/workload_validate.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

namespace ksail::cli {

using nlohmann::json;
using nlohmann::ordered_json;

namespace {

/// An OpenAPI document, or manifests with CustomResourceDefinitions.
Result<void> add_schema_file(kubernetes::OpenApiSchema &schema, const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  if (in) text << in.rdbuf();
  if (!in || !text)
    return Error(Code::config, "reading the schema " + path + ": it cannot be read", "check the path of --schema");
  json document = json::parse(text.str(), nullptr, false);
  if (document.is_object() && !document.contains("kind")) return schema.add(std::move(document), path);
  bool any = false;
  auto read = manifests::read_file(path, [&](manifests::Object object) -> Result<void> {
    if (object.kind != "CustomResourceDefinition") return {};
    any = true;
    return schema.add(json::parse(object.json, nullptr, false), object.where.describe());
  });
  if (!read) return read;
  if (!any)
    return Error(Code::config, path + " is no OpenAPI document and holds no CustomResourceDefinition",
                 "`kubectl get --raw /openapi/v2 > schema.json` writes one");
  return {};
}

ordered_json verdict_json(const ObjectVerdict &verdict) {
  ordered_json value = {{"object", verdict.object}, {"where", verdict.where}};
  value["valid"] = !verdict.error && verdict.violations.empty();
  ordered_json list = ordered_json::array();
  for (const auto &violation : verdict.violations)
    list.push_back({{"path", violation.path}, {"message", violation.message}});
  if (!list.empty()) value["violations"] = std::move(list);
  if (verdict.error) {
    value["error"] = verdict.error->message;
    value["hint"] = verdict.error->hint;
  }
  return value;
}

} // namespace

Result<void> run_workload_validate(CommandContext &context) {
  auto settings = context.settings();
  if (!settings) return settings.error();
  const auto &invocation = context.invocation;
  const auto files = invocation.values("schema");
  context.summary.command = "workload validate";
  WorkloadSession session(context, *settings, "workload validate", files.empty());
  auto objects = session.object_set({.last_wins = invocation.has("last-wins")});
  if (!objects) return objects.error();
  kubernetes::OpenApiSchema schema;
  for (const auto &file : files)
    if (auto added = add_schema_file(schema, file); !added) return added;
  if (files.empty()) {
    Execution execution(context);
    auto client = session.client(execution, 8);
    if (!client) return client.error();
    const auto timeout = timeout_of(*settings, std::chrono::seconds(30));
    std::function<asio::awaitable<Result<void>>()> work = [&] {
      return fetch_schemas(**client, *objects, schema, timeout);
    };
    auto fetched = execution.run<void>(work, Interruption());
    if (!fetched) return fetched.error();
  }
  ordered_json list = ordered_json::array();
  std::string hint;
  auto invalid = validate_objects(schema, **objects, [&](const ObjectVerdict &verdict) {
    if (verdict.error && hint.empty()) hint = verdict.error->hint;
    if (context.json) {
      list.push_back(verdict_json(verdict));
      return;
    }
    const bool color = context.console.terminal().out.color;
    const std::string at = verdict.where + ": " + verdict.object + " ";
    if (verdict.error)
      context.console.out(at + painted("unknown", Paint::red, color) + ": " + printable(verdict.error->message) + "\n");
    for (const auto &violation : verdict.violations)
      context.console.out(at + painted("invalid", Paint::red, color) + ": " + printable(violation.path) + ": " +
                          printable(violation.message) + "\n");
  });
  if (!invalid) return invalid.error();
  const std::size_t total = (*objects)->size();
  if (context.json)
    context.answer("WorkloadValidation", {{"objects", std::move(list)}, {"invalid", *invalid}});
  else
    context.say(plural(total - *invalid, "object") + " valid, " + std::to_string(*invalid) + " not");
  if (*invalid == 0) return {};
  return Error(Code::partial, std::to_string(*invalid) + " of " + plural(total, "object") + " are not valid", hint);
}

} // namespace ksail::cli
