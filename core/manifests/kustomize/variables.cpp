// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/variables.hpp"

#include "manifests/float_text.hpp"
#include "manifests/kustomize/field_path.hpp"
#include "manifests/scalar.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace ksail::manifests::kustomize {
namespace {

struct Value {
  std::string text;   ///< of a field that is nothing but the variable
  std::string within; ///< in the middle of a text, where that is another
  Tag tag = Tag::str;
  bool usable = true; ///< maps and lists cannot be put into a text
};
using Values = std::map<std::string, Value, std::less<>>;

Error taken(const std::string &name) {
  return {Code::config, "the variable " + name + " is there twice", "rename one of them, or use `replacements`"};
}

Result<Value> value_of(const std::string &name, const Variable &variable) {
  if (variable.resource == nullptr || variable.resource->root == nullptr) {
    return Error(Code::config, "the object of the variable " + name + " is not among the resources",
                 "`objref` takes kind, apiVersion and name of an object of this kustomization");
  }
  auto found = look_up(*variable.resource->root, split_variable_path(variable.path));
  if (!found || *found == nullptr) {
    return Error(Code::config, "the variable " + name + " means the field " + variable.path + " of " +
                                   variable.resource->id().text() + ", which has none");
  }
  const Node &node = **found;
  if (!node.is_scalar()) {
    return Value{"", "", Tag::str, false};
  }
  Value value{std::string(node.text()), "", Tag::str, true};
  const auto type = resolve(node, Rules::kustomize);
  const auto not_a_number = [&] {
    return Error(Code::config,
                 "the variable " + name + " cannot hold " + value.text + ", the field " + variable.path + " of " +
                     variable.resource->id().text(),
                 "write it as a decimal number, or put it in quotes");
  };
  switch (type ? type->type : ScalarType::string) {
  case ScalarType::integer:
  case ScalarType::unsigned_integer: {
    const auto number = parse_decimal(node.text());
    if (!number) {
      return not_a_number();
    }
    value.tag = Tag::integer;
    value.text = std::to_string(*number);
    break;
  }
  case ScalarType::floating: {
    if (!std::isfinite(type->floating)) {
      return not_a_number();
    }
    value.tag = Tag::floating;
    std::array<char, 400> buffer{};
    const auto end =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), type->floating, std::chars_format::fixed).ptr;
    value.text.assign(buffer.data(), end);
    value.within = format_float(type->floating);
    break;
  }
  case ScalarType::boolean:
    value.tag = Tag::boolean;
    value.text = type->boolean ? "true" : "false";
    break;
  default:
    break;
  }
  return value;
}

/// Replaces $(NAME); $$ is a dollar sign. What nobody knows stays for the container, which replaces its own.
Value replaced(std::string_view text, const Values &values) {
  Value out;
  for (std::size_t i = 0; i < text.size();) {
    const auto rest = text.substr(i);
    if (rest.starts_with("$$")) {
      out.text += '$';
      i += 2;
      continue;
    }
    const auto close = rest.find(')');
    if (!rest.starts_with("$(") || close == rest.npos) {
      // A dollar sign that begins nothing takes the next character with it.
      const std::size_t taken = rest[0] == '$' && rest.size() > 1 ? 2 : 1;
      out.text += rest.substr(0, taken);
      i += taken;
      continue;
    }
    const auto known = values.find(rest.substr(2, close - 2));
    const bool usable = known != values.end() && known->second.usable;
    if (usable && close + 1 == text.size() && i == 0) {
      return known->second; // the whole text: the type is that of the value
    }
    if (usable) {
      const auto &value = known->second;
      out.text += value.within.empty() ? value.text : value.within;
    } else {
      out.text += rest.substr(0, close + 1);
    }
    i += close + 1;
  }
  return out;
}

/// What has no type yet becomes a string by the look at it.
bool is_string(const Node &node) {
  if (is_untyped(node)) {
    return true;
  }
  const auto type = node.is_scalar() ? resolve(node, Rules::kustomize) : std::nullopt;
  return type && type->type == ScalarType::string;
}

void put(Arena &arena, Node &node, const Values &values) {
  const auto value = replaced(node.text(), values);
  assign(arena, node, value.text, value.tag);
  if (value.tag != Tag::str) {
    node.style = Style::plain;
  }
}

Result<void> change(Arena &arena, Node &node, const Values &values) {
  if (node.is_scalar()) {
    if (is_string(node)) {
      put(arena, node, values);
    }
    return {};
  }
  for (std::size_t i = 0; i < node.pairs(); ++i) {
    if (is_string(*node.value(i))) {
      put(arena, *node.value(i), values);
    }
  }
  if (node.is_sequence()) {
    for (Node *item : node.children()) {
      if (!is_string(*item)) {
        return Error(Code::config, "variables are replaced in lists of strings only, but something else stands there");
      }
      put(arena, *item, values);
    }
  }
  return {};
}

} // namespace

Result<void> add_variables(Variables &into, const nlohmann::json &vars, const Resources &resources, Arena &arena) {
  for (const auto &var : vars) {
    const auto name = text_of(var, "name");
    const auto object = var.value("objref", nlohmann::json::object());
    const auto api_version = arena.copy(text_of(object, "apiVersion"));
    ResId wanted{{arena.copy(text_of(object, "group")), arena.copy(text_of(object, "version")),
                  arena.copy(text_of(object, "kind"))},
                 arena.copy(text_of(object, "name")),
                 arena.copy(text_of(object, "namespace"))};
    if (!api_version.empty()) {
      wanted.gvk = gvk_of_api_version(api_version, wanted.gvk.kind);
    }
    const Resource *from = nullptr;
    for (const Resource *resource : resources) {
      // Kinds without namespaces get no exception: a namespace given for one of them fits nothing.
      const bool meant = resource->any_id([&](const ResId &id) {
        return id.gvk == wanted.gvk && id.name == wanted.name &&
               (wanted.ns.empty() || id.effective_namespace() == wanted.ns);
      });
      if (!meant) {
        continue;
      }
      if (from != nullptr) {
        return Error(Code::config,
                     "the variable " + name + " could mean " + from->id().text() + " or " + resource->id().text(),
                     "add `namespace` to its `objref`");
      }
      from = resource;
    }
    auto path = text_of(var.value("fieldref", nlohmann::json::object()), "fieldPath");
    if (!into.try_emplace(name, Variable{path.empty() ? "metadata.name" : path, from}).second) {
      return taken(name);
    }
  }
  return {};
}

Result<void> add_variables(Variables &into, const Variables &more) {
  for (const auto &[name, variable] : more) {
    if (!into.try_emplace(name, variable).second) {
      return taken(name);
    }
  }
  return {};
}

Result<void> replace_variables(Arena &arena, Resources &resources, const Variables &variables,
                               const FieldSpecs &fields) {
  if (variables.empty()) {
    return {};
  }
  Values values;
  for (const auto &[name, variable] : variables) {
    auto value = value_of(name, variable);
    if (!value) {
      return value.error();
    }
    values.emplace(name, std::move(*value));
  }
  const Act act = [&](Node &node) { return is_null(node) ? Result<void>() : change(arena, node, values); };
  for (Resource *resource : resources) {
    for (const auto &field : fields) {
      if (auto done = visit(arena, *resource, field, std::nullopt, act); !done) {
        return done;
      }
    }
  }
  return {};
}

} // namespace ksail::manifests::kustomize
