// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/open_api.hpp"

#include "kubernetes/base64.hpp"
#include "kubernetes/json_field.hpp"
#include "kubernetes/near_word.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <set>

namespace ksail::kubernetes {

using nlohmann::json;

namespace {

constexpr std::size_t most_violations = 100;
constexpr unsigned most_depth = 200; // schemas of JSON schemas refer to themselves

bool is_true(const json &object, std::string_view name) { return field(object, name) == json(true); }

std::string type_name(const json &value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  if (value.is_string()) return "a string";
  if (value.is_boolean()) return "a boolean";
  if (value.is_number_float()) return "a fraction";
  return value.is_number() ? "a number" : "null";
}

std::string wanted_name(std::string_view type) {
  if (type == "object") return "an object";
  if (type == "array") return "a list";
  if (type == "integer") return "a whole number";
  if (type == "boolean") return "true or false";
  return "a " + std::string(type);
}

bool has_type(const json &value, std::string_view type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer")
    return value.is_number_integer() ||
           (value.is_number_float() &&
            value.get<double>() == static_cast<double>(static_cast<std::int64_t>(value.get<double>())));
  return type != "number" || value.is_number();
}

/// Where schemas say "string" the server takes numbers as well.
bool is_quantity(std::string_view reference) {
  return reference.ends_with("io.k8s.apimachinery.pkg.api.resource.Quantity");
}

/// What the server cannot read into a field of that format; nothing of what it can.
std::string misfit(const json &value, std::string_view format) {
  const auto outside = [&]<class Number>(Number) {
    if (value.is_number_unsigned())
      return value.get<std::uint64_t>() > std::uint64_t(std::numeric_limits<Number>::max());
    return value.is_number_integer() && (value.get<std::int64_t>() < std::numeric_limits<Number>::min() ||
                                         value.get<std::int64_t>() > std::numeric_limits<Number>::max());
  };
  if (format == "int32" && outside(std::int32_t())) return "must be a number of 32 bits, and is " + value.dump();
  if (format == "int64" && outside(std::int64_t())) return "must be a number of 64 bits, and is " + value.dump();
  // The value itself may be secret.
  if (format == "byte" && value.is_string() && !decode_base64(value.get_ref<const std::string &>()))
    return "must be base64, and is not";
  return {};
}

std::string step(const std::string &path, const std::string &name) {
  const bool plain = name.find_first_of(".[]/") == std::string::npos;
  return plain ? path + "." + name : path + "[\"" + name + "\"]";
}

} // namespace

/// One object against the schema of its kind.
struct OpenApiSchema::Check {
  const Document &document;
  std::vector<SchemaViolation> violations;

  void say(const std::string &path, std::string message) {
    if (violations.size() < most_violations) violations.push_back({path.empty() ? "." : path, std::move(message)});
  }

  const json *referred(const std::string &reference) const {
    const auto slash = reference.rfind('/');
    if (document.schemas == nullptr || slash == std::string::npos) return nullptr;
    const json &found = field(*document.schemas, reference.substr(slash + 1));
    return found.is_object() ? &found : nullptr;
  }

  void value(const json &schema, const json &value, const std::string &path, unsigned depth) {
    if (!schema.is_object() || value.is_null() || depth > most_depth) return; // null stands for "not given"
    if (const std::string reference = text(schema, "$ref"); !reference.empty()) {
      if (is_quantity(reference) && value.is_number()) return;
      if (const json *target = referred(reference)) this->value(*target, value, path, depth + 1);
      return;
    }
    for (const json &part : field(schema, "allOf"))
      this->value(part, value, path, depth + 1);
    const bool int_or_string =
        is_true(schema, "x-kubernetes-int-or-string") || text(schema, "format") == "int-or-string";
    if (int_or_string) {
      if (!has_type(value, "integer") && !value.is_string())
        say(path, "must be a whole number or a string, and is " + type_name(value));
      return;
    }
    for (const char *choice : {"oneOf", "anyOf"})
      if (!one_of(field(schema, choice), value, path, depth)) return;
    const std::string type = text(schema, "type");
    if (!type.empty() && !has_type(value, type)) {
      say(path, "must be " + wanted_name(type) + ", and is " + type_name(value));
      return;
    }
    if (std::string wrong = misfit(value, text(schema, "format")); !wrong.empty()) say(path, std::move(wrong));
    if (const json &choices = field(schema, "enum"); choices.is_array() && !choices.empty())
      if (std::find(choices.begin(), choices.end(), value) == choices.end()) enumeration(choices, value, path);
    if (value.is_object()) object(schema, value, path, depth);
    if (value.is_array()) list(schema, value, path, depth);
    bounds(schema, value, path);
  }

  /// False, and said, when no alternative takes the value.
  bool one_of(const json &choices, const json &value, const std::string &path, unsigned depth) {
    if (!choices.is_array() || choices.empty()) return true;
    std::vector<SchemaViolation> first;
    for (const json &choice : choices) {
      Check attempt{document, {}};
      attempt.value(choice, value, path, depth + 1);
      if (attempt.violations.empty()) return true;
      if (first.empty()) first = std::move(attempt.violations);
    }
    say(first.front().path, first.front().message);
    return false;
  }

  void enumeration(const json &choices, const json &value, const std::string &path) {
    std::string names;
    for (const json &choice : choices)
      names += (names.empty() ? "" : ", ") + choice.dump(-1, ' ', false, json::error_handler_t::replace);
    say(path, "must be one of " + names + ", and is " + value.dump(-1, ' ', false, json::error_handler_t::replace));
  }

  void object(const json &schema, const json &value, const std::string &path, unsigned depth) {
    const json &properties = field(schema, "properties");
    const json &others = field(schema, "additionalProperties");
    const bool open = is_true(schema, "x-kubernetes-preserve-unknown-fields") || others == json(true) ||
                      (!properties.is_object() && !others.is_object());
    for (const auto &[name, each] : value.items()) {
      const bool of_every_object = path.empty() && (name == "apiVersion" || name == "kind" || name == "metadata");
      if (const json &property = field(properties, name); property.is_object())
        this->value(property, each, step(path, name), depth + 1);
      else if (others.is_object())
        this->value(others, each, step(path, name), depth + 1);
      else if (!open && !of_every_object && !is_true(schema, "x-kubernetes-embedded-resource"))
        unknown(properties, name, path);
    }
    for (const json &name : field(schema, "required"))
      if (name.is_string() && field(value, name.get<std::string>()).is_null())
        say(path, "the field " + name.get<std::string>() + " is missing");
  }

  void unknown(const json &properties, const std::string &name, const std::string &path) {
    std::string near;
    for (const auto &[known, schema] : properties.items())
      if (near_word(known, name)) near = known;
    say(step(path, name), "there is no such field" + (near.empty() ? "" : "; did you mean " + near + "?"));
  }

  void list(const json &schema, const json &value, const std::string &path, unsigned depth) {
    const json &items = field(schema, "items");
    for (std::size_t i = 0; i < value.size(); ++i)
      this->value(items, value[i], path + "[" + std::to_string(i) + "]", depth + 1);
    distinct(schema, value, path);
  }

  /// A schema that only refers to another is that other.
  const json &resolved(const json &schema) const {
    const json *at = &schema;
    for (unsigned i = 0; i < most_depth; ++i) {
      const json &parts = field(*at, "allOf");
      const std::string reference = text(*at, "$ref");
      const json *next = parts.is_array() && parts.size() == 1 ? &parts.front() : nullptr;
      if (!reference.empty()) next = referred(reference);
      if (next == nullptr) break;
      at = next;
    }
    return *at;
  }

  /// Server-side apply cannot merge a list that says twice what its entries are told apart by.
  void distinct(const json &schema, const json &value, const std::string &path) {
    const std::string kind = text(schema, "x-kubernetes-list-type");
    const json &keys = field(schema, "x-kubernetes-list-map-keys");
    if (kind != "set" && (kind != "map" || !keys.is_array())) return;
    const json &properties = field(resolved(field(schema, "items")), "properties");
    std::set<json> seen;
    for (std::size_t i = 0; i < value.size(); ++i) {
      json identity = kind == "set" ? value[i] : json::object();
      bool whole = true;
      if (kind == "map")
        for (const json &key : keys) {
          const std::string name = key.is_string() ? key.get<std::string>() : std::string();
          const json &given = field(value[i], name);
          identity[name] = given.is_null() ? field(field(properties, name), "default") : given;
          whole = whole && !identity[name].is_null();
        }
      if (!whole || seen.insert(identity).second) continue;
      std::string what;
      for (const auto &[name, each] : identity.items())
        what += (what.empty() ? "" : ", ") + (kind == "set" ? "" : name + " ") +
                each.dump(-1, ' ', false, json::error_handler_t::replace);
      say(path + "[" + std::to_string(i) + "]", "there is one with " + what + " before it");
    }
  }

  void bounds(const json &schema, const json &value, const std::string &path) {
    const auto number = [&](const char *name, double &out) {
      const json &found = field(schema, name);
      if (found.is_number()) out = found.get<double>();
      return found.is_number();
    };
    double bound = 0;
    if (value.is_number()) {
      const double is = value.get<double>();
      if (number("minimum", bound) && is < bound) say(path, "must be at least " + field(schema, "minimum").dump());
      if (number("maximum", bound) && is > bound) say(path, "must be at most " + field(schema, "maximum").dump());
    }
    if (value.is_array()) {
      const auto size = static_cast<double>(value.size());
      if (number("minItems", bound) && size < bound)
        say(path, "must have at least " + field(schema, "minItems").dump() + " entries");
      if (number("maxItems", bound) && size > bound)
        say(path, "must have at most " + field(schema, "maxItems").dump() + " entries");
    }
    if (value.is_string()) {
      const auto &string = value.get_ref<const std::string &>();
      const auto size = static_cast<double>(std::count_if(
          string.begin(), string.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
      if (number("minLength", bound) && size < bound)
        say(path, "must have at least " + field(schema, "minLength").dump() + " characters");
      if (number("maxLength", bound) && size > bound)
        say(path, "must have at most " + field(schema, "maxLength").dump() + " characters");
    }
  }
};

Result<void> OpenApiSchema::add(json content, const std::string &name) {
  auto document = std::make_unique<Document>();
  document->content = std::move(content);
  const json &definitions = field(document->content, "definitions");
  const json &components = field(field(document->content, "components"), "schemas");
  if (text(document->content, "kind") == "CustomResourceDefinition") {
    if (auto added = add_definition(*document, name); !added) return added;
  } else if (definitions.is_object() || components.is_object()) {
    document->schemas = definitions.is_object() ? &definitions : &components;
    add_schemas(*document);
  } else {
    return Error(Code::config, name + " is no OpenAPI document and no CustomResourceDefinition",
                 "`kubectl get --raw /openapi/v2` writes one");
  }
  documents_.push_back(std::move(document));
  return {};
}

void OpenApiSchema::add_schemas(const Document &document) {
  for (const auto &[name, schema] : document.schemas->items())
    for (const json &kind : field(schema, "x-kubernetes-group-version-kind")) {
      const std::string group = text(kind, "group");
      kinds_[{(group.empty() ? "" : group + "/") + text(kind, "version"), text(kind, "kind")}] = {&document, &schema};
    }
}

Result<void> OpenApiSchema::add_definition(const Document &document, const std::string &name) {
  const json &spec = field(document.content, "spec");
  const json &versions = field(spec, "versions");
  if (!versions.is_array())
    return Error(Code::config, name + ": the CustomResourceDefinition has no spec.versions",
                 "only apiextensions.k8s.io/v1 is understood");
  for (const json &version : versions) {
    const json &schema = field(field(version, "schema"), "openAPIV3Schema");
    if (schema.is_object())
      kinds_[{text(spec, "group") + "/" + text(version, "name"), text(field(spec, "names"), "kind")}] = {&document,
                                                                                                         &schema};
  }
  return {};
}

bool OpenApiSchema::knows(std::string_view api_version, std::string_view kind) const {
  return kinds_.contains(std::pair(std::string(api_version), std::string(kind)));
}

std::vector<SchemaViolation> OpenApiSchema::check(const json &object) const {
  const auto kind = kinds_.find(std::pair(text(object, "apiVersion"), text(object, "kind")));
  if (kind == kinds_.end()) return {};
  Check check{*kind->second.document, {}};
  check.value(*kind->second.schema, object, "", 0);
  return std::move(check.violations);
}

} // namespace ksail::kubernetes
