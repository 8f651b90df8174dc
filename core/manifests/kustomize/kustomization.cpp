// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/kustomization.hpp"

#include "manifests/json.hpp"
#include "manifests/object_builder.hpp"

#include <algorithm>
#include <span>

namespace ksail::manifests::kustomize {
namespace {

using nlohmann::json;

enum class Type : std::uint8_t { text, flag, number, texts, text_map, object, objects, any };
struct Field {
  std::string_view name;
  Type type;
  std::span<const Field> shape = {};
};

constexpr Field kFieldSpec[] = {
    {"group", Type::text}, {"version", Type::text}, {"kind", Type::text}, {"path", Type::text}, {"create", Type::flag}};
constexpr Field kSelector[] = {{"group", Type::text},
                               {"version", Type::text},
                               {"kind", Type::text},
                               {"name", Type::text},
                               {"namespace", Type::text},
                               {"labelSelector", Type::text},
                               {"annotationSelector", Type::text}};
constexpr Field kMetadata[] = {
    {"name", Type::text}, {"namespace", Type::text}, {"labels", Type::text_map}, {"annotations", Type::text_map}};
constexpr Field kLabels[] = {{"pairs", Type::text_map},
                             {"includeSelectors", Type::flag},
                             {"includeTemplates", Type::flag},
                             {"fields", Type::objects, kFieldSpec}};
constexpr Field kPatchOptions[] = {{"allowNameChange", Type::flag}, {"allowKindChange", Type::flag}};
constexpr Field kPatch[] = {{"path", Type::text},
                            {"patch", Type::text},
                            {"target", Type::object, kSelector},
                            {"options", Type::object, kPatchOptions}};
constexpr Field kImage[] = {{"name", Type::text},
                            {"newName", Type::text},
                            {"newTag", Type::text},
                            {"tagSuffix", Type::text},
                            {"digest", Type::text}};
constexpr Field kReplica[] = {{"name", Type::text}, {"count", Type::number}};
constexpr Field kGeneratorOptions[] = {{"labels", Type::text_map},
                                       {"annotations", Type::text_map},
                                       {"disableNameSuffixHash", Type::flag},
                                       {"immutable", Type::flag}};
constexpr Field kGenerator[] = {
    {"name", Type::text},      {"namespace", Type::text}, {"behavior", Type::text},
    {"literals", Type::texts}, {"files", Type::texts},    {"envs", Type::texts},
    {"env", Type::text},       {"type", Type::text},      {"options", Type::object, kGeneratorOptions}};
constexpr Field kFieldOptions[] = {
    {"delimiter", Type::text}, {"index", Type::number}, {"encoding", Type::text}, {"create", Type::flag}};
constexpr Field kSource[] = {{"group", Type::text},
                             {"version", Type::text},
                             {"kind", Type::text},
                             {"name", Type::text},
                             {"namespace", Type::text},
                             {"fieldPath", Type::text},
                             {"options", Type::object, kFieldOptions}};
constexpr Field kTarget[] = {{"select", Type::object, kSelector},
                             {"reject", Type::objects, kSelector},
                             {"fieldPaths", Type::texts},
                             {"options", Type::object, kFieldOptions}};
constexpr Field kReplacement[] = {{"path", Type::text},
                                  {"source", Type::object, kSource},
                                  {"sourceValue", Type::text},
                                  {"targets", Type::objects, kTarget}};
constexpr Field kTop[] = {{"apiVersion", Type::text},
                          {"kind", Type::text},
                          {"metadata", Type::object, kMetadata},
                          {"openapi", Type::text_map},
                          {"namePrefix", Type::text},
                          {"nameSuffix", Type::text},
                          {"namespace", Type::text},
                          {"commonLabels", Type::text_map},
                          {"labels", Type::objects, kLabels},
                          {"commonAnnotations", Type::text_map},
                          {"patchesStrategicMerge", Type::texts},
                          {"patchesJson6902", Type::objects, kPatch},
                          {"patches", Type::objects, kPatch},
                          {"images", Type::objects, kImage},
                          {"imageTags", Type::objects, kImage},
                          {"replacements", Type::objects, kReplacement},
                          {"replicas", Type::objects, kReplica},
                          {"vars", Type::any},
                          {"sortOptions", Type::any},
                          {"resources", Type::texts},
                          {"components", Type::texts},
                          {"crds", Type::texts},
                          {"bases", Type::texts},
                          {"configMapGenerator", Type::objects, kGenerator},
                          {"secretGenerator", Type::objects, kGenerator},
                          {"helmGlobals", Type::any},
                          {"helmCharts", Type::any},
                          {"helmChartInflationGenerator", Type::any},
                          {"generatorOptions", Type::object, kGeneratorOptions},
                          {"configurations", Type::texts},
                          {"generators", Type::texts},
                          {"transformers", Type::texts},
                          {"validators", Type::texts},
                          {"buildMetadata", Type::texts}};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::size_t distance(const std::string &a, const std::string &b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string suggestion(std::string_view name, std::span<const Field> shape) {
  std::string_view best;
  std::size_t least = 4;
  for (const auto &field : shape) {
    const auto d = distance(lower(name), lower(field.name));
    if (d < least) {
      least = d;
      best = field.name;
    }
  }
  return best.empty() ? std::string("the fields of a kustomization are described at kubectl.docs.kubernetes.io")
                      : "did you mean `" + std::string(best) + "`?";
}

class Checker {
public:
  explicit Checker(const std::string &file) : file_(file) {}

  Result<json> object(const json &value, std::span<const Field> shape, const std::string &where) const {
    if (!value.is_object()) {
      return wrong(where, "a map", value);
    }
    json out = json::object();
    for (const auto &[key, item] : value.items()) {
      const auto name = lower(key);
      const auto *field =
          std::find_if(shape.begin(), shape.end(), [&](const Field &f) { return lower(f.name) == name; }).base();
      if (field == shape.data() + shape.size()) {
        return Error(Code::config, file_ + ": unknown field `" + join(where, key) + "`", suggestion(key, shape));
      }
      if (item.is_null()) {
        continue;
      }
      auto checked = this->value(item, *field, join(where, key));
      if (!checked) {
        return checked;
      }
      out[std::string(field->name)] = std::move(*checked);
    }
    return out;
  }

private:
  static std::string join(const std::string &where, const std::string &key) {
    return where.empty() ? key : where + "." + key;
  }

  Error wrong(const std::string &where, const char *wanted, const json &value) const {
    return {Code::config, file_ + ": `" + where + "` has to be " + wanted + ", but is " + value.type_name(),
            value.is_number() || value.is_boolean() ? "put the value in quotes" : ""};
  }

  Result<json> list(const json &value, const std::string &where, const auto &item) const {
    if (!value.is_array()) {
      return wrong(where, "a list", value);
    }
    json out = json::array();
    for (std::size_t i = 0; i < value.size(); ++i) {
      Result<json> checked = item(value[i], where + "[" + std::to_string(i) + "]");
      if (!checked) {
        return checked;
      }
      out.push_back(std::move(*checked));
    }
    return out;
  }

  Result<json> value(const json &value, const Field &field, const std::string &where) const {
    switch (field.type) {
    case Type::text:
      return value.is_string() ? Result<json>(value) : wrong(where, "a string", value);
    case Type::flag:
      return value.is_boolean() ? Result<json>(value) : wrong(where, "true or false", value);
    case Type::number:
      return value.is_number_integer() ? Result<json>(value) : wrong(where, "a whole number", value);
    case Type::texts:
      return list(value, where, [&](const json &item, const std::string &at) -> Result<json> {
        return item.is_string() ? Result<json>(item)
               : item.is_null() ? Result<json>(json(""))
                                : wrong(at, "a string", item);
      });
    case Type::text_map: {
      if (!value.is_object()) {
        return wrong(where, "a map of strings", value);
      }
      json out = json::object();
      for (const auto &[key, item] : value.items()) {
        if (!item.is_string() && !item.is_null()) {
          return wrong(join(where, key), "a string", item);
        }
        out[key] = item.is_null() ? json("") : item;
      }
      return out;
    }
    case Type::object:
      return object(value, field.shape, where);
    case Type::objects:
      return list(value, where, [&](const json &item, const std::string &at) -> Result<json> {
        return item.is_null() ? Result<json>(json::object()) : object(item, field.shape, at);
      });
    case Type::any:
      return value;
    }
    return value;
  }

  const std::string &file_;
};

void fold(json &fields, const char *old, const char *now) {
  if (!fields.contains(old)) {
    return;
  }
  if (!fields.contains(now)) {
    fields[now] = json::array();
  }
  for (const auto &item : fields[old]) {
    fields[now].push_back(item);
  }
  fields.erase(old);
}

} // namespace

std::string text_of(const json &object, const char *field) {
  const auto at = object.find(field);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

bool flag_of(const json &object, const char *field) {
  const auto at = object.find(field);
  return at != object.end() && at->is_boolean() && at->get<bool>();
}

const json &Kustomization::list(const char *field) const {
  static const json none = json::array();
  const auto at = fields.find(field);
  return at != fields.end() && at->is_array() ? *at : none;
}

std::string Kustomization::text(const char *field) const { return text_of(fields, field); }

Result<Kustomization> read_kustomization(std::string_view text, const std::string &file,
                                         std::vector<std::string> &warnings) {
  Arena arena;
  YamlParser parser(text);
  Node *root = nullptr;
  if (const auto error = parser.next(arena, root)) {
    return reading_error(file, text, 1, *error);
  }
  Kustomization result;
  result.file = file;
  if (root != nullptr && root->is_mapping()) {
    // A top-level field that stands twice counts as it stands last.
    Node *once = make_node(arena, NodeKind::mapping);
    for (std::size_t i = 0; i < root->pairs(); ++i) {
      bool again = false;
      for (std::size_t j = i + 1; j < root->pairs(); ++j) {
        again = again || root->key(j)->text() == root->key(i)->text();
      }
      if (!again) {
        append(arena, once, root->key(i));
        append(arena, once, root->value(i));
      }
    }
    std::string compact;
    if (const auto error = write_json(*once, Rules::kubectl, compact)) {
      return reading_error(file, text, 1, *error);
    }
    auto checked = Checker(file).object(json::parse(compact), kTop, "");
    if (!checked) {
      return checked.error();
    }
    result.fields = std::move(*checked);
  } else if (root != nullptr && !(root->is_scalar() && root->text().empty())) {
    return Error(Code::config, file + " holds no map of fields");
  }
  json &fields = result.fields;
  static constexpr std::pair<const char *, const char *> kDeprecated[] = {
      {"bases", "resources"},         {"commonLabels", "labels"},           {"imageTags", "images"},
      {"patchesJson6902", "patches"}, {"patchesStrategicMerge", "patches"}, {"vars", "replacements"}};
  for (const auto &[old, now] : kDeprecated) {
    if (result.has(old)) {
      warnings.push_back(file + ": `" + old + "` is deprecated; use `" + now + "`");
    }
  }
  fold(fields, "bases", "resources");
  fold(fields, "imageTags", "images");
  for (const char *generator : {"configMapGenerator", "secretGenerator"}) {
    for (auto &item : fields.contains(generator) ? fields[generator] : fields["\n"]) {
      if (!text_of(item, "env").empty()) {
        item["envs"].push_back(text_of(item, "env"));
      }
    }
  }
  fields.erase("\n");
  json rest = fields;
  rest.erase("apiVersion");
  rest.erase("kind");
  rest.erase("metadata");
  if (std::all_of(rest.begin(), rest.end(), [](const json &value) { return value.empty() || value == ""; })) {
    return Error(Code::config, file + " is empty", "list what it consists of under `resources`");
  }
  const auto kind = result.text("kind");
  const auto version = result.text("apiVersion");
  result.is_component = kind == "Component";
  if (!kind.empty() && kind != "Kustomization" && !result.is_component) {
    return Error(Code::config, file + ": `kind` has to be Kustomization or Component, but is " + kind);
  }
  const char *wanted = result.is_component ? "kustomize.config.k8s.io/v1alpha1" : "kustomize.config.k8s.io/v1beta1";
  if (!version.empty() && version != wanted) {
    return Error(Code::config, file + ": `apiVersion` of a " + (kind.empty() ? "Kustomization" : kind) + " has to be " +
                                   wanted + ", but is " + version);
  }
  return result;
}

} // namespace ksail::manifests::kustomize
