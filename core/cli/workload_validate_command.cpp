// SPDX-License-Identifier: Apache-2.0
#include "cli/handlers.hpp"
#include "cli/text_width.hpp"
#include "cli/workload_schemas.hpp"
#include "cli/workload_session.hpp"
#include "orchestrator/workload_validate.hpp"

#include <nlohmann/json.hpp>

namespace ksail::cli {

using nlohmann::ordered_json;

namespace {

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
  context.summary.command = "workload validate";
  WorkloadSession session(context, *settings, "workload validate", invocation.values("schema").empty());
  auto objects = session.object_set({.last_wins = invocation.has("last-wins")});
  if (!objects) return objects.error();
  kubernetes::OpenApiSchema schema;
  auto source = load_schemas(context, *settings, session, *objects, schema);
  if (!source) return source.error();
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
    context.answer("WorkloadValidation",
                   {{"schemas", source->to_json()}, {"objects", std::move(list)}, {"invalid", *invalid}});
  else
    context.say(plural(total - *invalid, "object") + " valid, " + std::to_string(*invalid) + " not, by " +
                source->describe());
  if (*invalid == 0) return {};
  return Error(Code::partial,
               std::to_string(*invalid) + " of " + plural(total, "object") +
                   (*invalid == 1 ? " is not valid" : " are not valid"),
               hint);
}

} // namespace ksail::cli
