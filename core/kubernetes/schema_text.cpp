// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/schema_text.hpp"

#include <array>
#include <optional>

namespace ksail::kubernetes {

using nlohmann::json;

namespace {

constexpr std::string_view first_word = "kubernetes ";

/// What stands before `end`, which goes with it; all of it where there is no `end`.
std::string_view take_until(std::string_view &rest, char end) {
  const auto at = rest.find(end);
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return taken;
}

bool is_plain_type(std::string_view name) {
  constexpr std::array<std::string_view, 5> plain = {"object", "string", "integer", "number", "boolean"};
  for (const auto &each : plain)
    if (name == each) return true;
  return false;
}

json list_of_keys(std::string_view keys) {
  json names = json::array();
  while (!keys.empty())
    names.push_back(take_until(keys, ','));
  return {{"x-kubernetes-list-type", "map"}, {"x-kubernetes-list-map-keys", std::move(names)}};
}

/// Nothing for what is no TYPE.
std::optional<json> schema_of(std::string_view type) {
  if (type.empty() || type == "any") return type.empty() ? std::nullopt : std::optional(json::object());
  if (type == "int-or-string") return json{{"format", "int-or-string"}};
  if (type.front() == '{' || type.front() == '[') {
    const bool list = type.front() == '[';
    const auto end = type.rfind(list ? ']' : '}');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view more = type.substr(end + 1);
    auto inner = schema_of(type.substr(1, end - 1));
    if (!inner || (!list && !more.empty())) return std::nullopt;
    if (!list) return json{{"type", "object"}, {"additionalProperties", std::move(*inner)}};
    json out = json::object();
    if (more == "!")
      out["x-kubernetes-list-type"] = "set";
    else if (!more.empty())
      out = list_of_keys(more);
    out["type"] = "array";
    out["items"] = std::move(*inner);
    return out;
  }
  std::string_view format = type;
  const std::string_view plain = take_until(format, ':');
  if (is_plain_type(plain)) {
    json out = {{"type", plain}};
    if (!format.empty()) out["format"] = format;
    return out;
  }
  if (!format.empty() || type.find('.') == std::string_view::npos) return std::nullopt;
  return json{{"$ref", "#/definitions/" + std::string(type)}};
}

/// "apps/v1,Deployment"
json kind_of(std::string_view kind) {
  std::string_view name = kind;
  const std::string_view api_version = take_until(name, ',');
  const auto slash = api_version.find('/');
  const bool grouped = slash != std::string_view::npos;
  return {{"group", grouped ? api_version.substr(0, slash) : std::string_view()},
          {"version", grouped ? api_version.substr(slash + 1) : api_version},
          {"kind", name}};
}

Error malformed(const std::string &name, std::size_t line, const std::string &why) {
  return Error(Code::config, name + ":" + std::to_string(line) + ": " + why,
               "it comes with ksail: install it again, or leave KSAIL_SCHEMA empty");
}

} // namespace

bool is_schema_text(std::string_view text) {
  while (text.starts_with('#'))
    take_until(text, '\n');
  return text.starts_with(first_word);
}

Result<SchemaText> read_schema_text(std::string_view text, const std::string &name) {
  SchemaText out;
  json definitions = json::object();
  json *type = nullptr;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = take_until(text, '\n');
    if (line.empty() || line.front() == '#') continue;
    if (out.version.empty()) {
      if (!line.starts_with(first_word))
        return malformed(name, number, "it does not begin with the version of Kubernetes");
      out.version = line.substr(first_word.size());
      continue;
    }
    const bool field = line.front() == ' ';
    if (field) line.remove_prefix(1);
    std::string_view word = take_until(line, ' ');
    std::string_view fallback = take_until(line, ' ');
    const std::string_view what = take_until(fallback, '=');
    auto schema = !field && what == "fields" ? std::optional(json{{"type", "object"}}) : schema_of(what);
    if (!schema || word.empty())
      return malformed(name, number, "\"" + std::string(word) + " " + std::string(what) + "\" is no type");
    if (!field) {
      type = &(definitions[std::string(word)] = std::move(*schema));
      if (what == "fields") (*type)["properties"] = json::object();
      while (!line.empty())
        (*type)["x-kubernetes-group-version-kind"].push_back(kind_of(take_until(line, ' ')));
      continue;
    }
    if (type == nullptr || !type->contains("properties"))
      return malformed(name, number, "the field " + std::string(word) + " belongs to no type");
    if (word.ends_with('!')) {
      word.remove_suffix(1);
      (*type)["required"].push_back(word);
    }
    if (!fallback.empty()) (*schema)["default"] = fallback;
    (*type)["properties"][std::string(word)] = std::move(*schema);
  }
  if (definitions.empty()) return malformed(name, 1, "it holds no types");
  out.document = {{"definitions", std::move(definitions)}};
  return out;
}

} // namespace ksail::kubernetes
