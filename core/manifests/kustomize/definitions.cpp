// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/default_fields.hpp"

#include <algorithm>

namespace ksail::manifests::kustomize {
namespace {

using nlohmann::json;

const json &properties_of(const json &definition) {
  static const json none = json::object();
  for (const char *schema : {"Schema", "schema"}) {
    if (const auto at = definition.find(schema); at != definition.end() && at->is_object()) {
      const auto properties = at->find("properties");
      return properties != at->end() && properties->is_object() ? *properties : none;
    }
  }
  return none;
}

/// Follows the properties of one type and of the types it refers to.
class Walk {
public:
  Walk(Arena &arena, const json &definitions, std::string kind)
      : arena_(arena), definitions_(definitions), kind_(std::move(kind)) {}
  TransformerFields fields;

  Result<void> type(const std::string &name) {
    const auto definition = definitions_.find(name);
    if (definition == definitions_.end() || std::find(open_.begin(), open_.end(), name) != open_.end()) {
      return {};
    }
    open_.push_back(name);
    for (const auto &[property, schema] : properties_of(*definition).items()) {
      path_.push_back(property);
      if (auto done = one(schema); !done) {
        return done;
      }
      if (const auto reference = text_of(schema, "$ref"); !reference.empty()) {
        if (auto done = type(reference); !done) {
          return done;
        }
      }
      path_.pop_back();
    }
    open_.pop_back();
    return {};
  }

private:
  FieldSpec here(const std::string &last = "") const {
    std::string path;
    for (const auto &part : path_) {
      path += (path.empty() ? "" : "/") + part;
    }
    return {"", "", kind_, last.empty() ? path : path + "/" + last, false};
  }

  Result<void> one(const json &schema) {
    const std::pair<const char *, FieldSpecs TransformerFields::*> kMarks[] = {
        {"x-kubernetes-annotation", &TransformerFields::common_annotations},
        {"x-kubernetes-label-selector", &TransformerFields::common_labels},
        {"x-kubernetes-identity", &TransformerFields::name_prefix}};
    for (const auto &[mark, member] : kMarks) {
      if (const auto at = schema.find(mark); at != schema.end() && at->is_string()) {
        if (auto done = merge_into(fields.*member, here()); !done) {
          return done;
        }
      }
    }
    const auto version = schema.find("x-kubernetes-object-ref-api-version");
    const auto kind = schema.find("x-kubernetes-object-ref-kind");
    if (version != schema.end() && version->is_string() && kind != schema.end() && kind->is_string()) {
      const auto key = text_of(schema, "x-kubernetes-object-ref-name-key");
      fields.references.push_back(
          {{{}, arena_.copy(version->get<std::string>()), arena_.copy(kind->get<std::string>())},
           here(key.empty() ? "name" : key)});
    }
    return {};
  }

  Arena &arena_;
  const json &definitions_;
  const std::string kind_;
  std::vector<std::string> path_;
  std::vector<std::string> open_; ///< types on the way here: one may contain itself
};

} // namespace

Result<TransformerFields> read_definitions(Arena &arena, std::string_view text, const std::string &file) {
  auto definitions = read_json(text, file);
  if (!definitions) {
    return definitions.error();
  }
  TransformerFields all;
  const auto may_be = [](const json &definition) { return definition.is_object() || definition.is_null(); };
  if (!definitions->is_object() || !std::all_of(definitions->begin(), definitions->end(), may_be)) {
    return Error(Code::config, file + " holds no OpenAPI definitions",
                 "`crds` takes OpenAPI definitions; a CustomResourceDefinition stands under `resources`");
  }
  for (const auto &[name, definition] : definitions->items()) {
    const auto &properties = properties_of(definition);
    if (!properties.contains("kind") || !properties.contains("apiVersion") || !properties.contains("metadata")) {
      continue; // part of an object, not one
    }
    Walk walk(arena, *definitions, name.substr(name.rfind('.') + 1));
    if (auto done = walk.type(name); !done) {
      return std::move(done).error().in(file);
    }
    if (auto done = merge_into(all, walk.fields); !done) {
      return std::move(done).error().in(file);
    }
  }
  return all;
}

} // namespace ksail::manifests::kustomize
