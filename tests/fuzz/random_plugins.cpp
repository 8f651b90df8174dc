// SPDX-License-Identifier: Apache-2.0
// The fields that few kustomizations use: crds, openapi, built-in generators, transformers and validators by file,
// directory or inline.
#include "random_kustomization.hpp"

namespace ksail::fuzz {
namespace {

Json plugin(const char *kind, const char *name, const Json &fields) {
  Json all = {{"apiVersion", "builtin"}, {"kind", kind}, {"metadata", {{"name", name}}}};
  for (const auto &[key, value] : fields.items())
    all[key] = value;
  return all;
}

Json definitions(Random &r) {
  Json config = {{"properties", {{"name", {{"type", "string"}}}}}};
  Json reference = {{"$ref", "example.com/v1.Reference"}};
  if (r.percent(70)) {
    reference["x-kubernetes-object-ref-api-version"] = "v1";
    reference["x-kubernetes-object-ref-kind"] = r.pick({"ConfigMap", "Secret"});
    if (r.percent(40)) reference["x-kubernetes-object-ref-name-key"] = "name";
  }
  Json selector = {{"type", "object"}};
  if (r.percent(50)) selector["x-kubernetes-label-selector"] = "";
  if (r.percent(30)) selector["x-kubernetes-annotation"] = "";
  Json size = {{"type", "string"}};
  if (r.percent(30)) size["x-kubernetes-identity"] = "";
  return {{"example.com/v1.Widget",
           {{"Schema",
             {{"properties",
               {{"apiVersion", {{"type", "string"}}},
                {"kind", {{"type", "string"}}},
                {"metadata", {{"type", "object"}}},
                {"spec", {{"$ref", "example.com/v1.WidgetSpec"}}}}}}}}},
          {"example.com/v1.WidgetSpec",
           {{"Schema", {{"properties", {{"configRef", reference}, {"extra", selector}, {"size", size}}}}}}},
          {"example.com/v1.Reference", {{"Schema", config}}}};
}

Json schema(Random &r) {
  Json parts = {{"type", "array"}, {"items", {{"type", "object"}, {"properties", {{"name", {{"type", "string"}}}}}}}};
  if (r.percent(80)) {
    parts["x-kubernetes-patch-merge-key"] = "name";
    parts["x-kubernetes-patch-strategy"] = "merge";
  }
  return {
      {"definitions",
       {{"com.example.v1.Widget",
         {{"type", "object"},
          {"properties",
           {{"metadata", {{"type", "object"}}},
            {"spec",
             {{"type", "object"},
              {"properties",
               {{"parts", parts}, {"template", {{"$ref", "#/definitions/io.k8s.api.core.v1.PodTemplateSpec"}}}}}}}}},
          {"x-kubernetes-group-version-kind",
           Json::array({{{"group", "example.com"}, {"version", "v1"}, {"kind", "Widget"}}})}}}}}};
}

Json generator(Random &r, Folder &folder, KnownObjects &objects, std::set<std::string> &used) {
  const auto name = random_name(r);
  const bool secret = r.percent(40);
  const std::string kind = secret ? "Secret" : "ConfigMap";
  if (!used.insert("v1 " + kind + " " + name).second) return nullptr;
  Json fields = {{"literals", Json::array({random_key(r) + "=" + r.pick({"red", "1", "a b"})})}};
  if (r.percent(30)) fields["files"] = Json::array({folder.add("plugin", ".txt", "some text\n")});
  if (r.percent(30)) fields["options"] = {{"disableNameSuffixHash", true}};
  if (secret && r.percent(30)) fields["type"] = "Opaque";
  objects.push_back({"v1 " + kind, {{"apiVersion", "v1"}, {"kind", kind}, {"metadata", {{"name", name}}}}});
  return plugin(secret ? "SecretGenerator" : "ConfigMapGenerator", name.c_str(), fields);
}

Json transformer(Random &r, const KnownObjects &objects) {
  const Known &known = r.pick(objects);
  switch (r.below(7)) {
  case 0:
    return plugin(
        "ReplicaCountTransformer", "counts",
        {{"replica", {{"name", known.name()}, {"count", r.below(5)}}},
         {"fieldSpecs", Json::array({{{"path", "spec/replicas"}, {"kind", "Deployment"}, {"create", true}}})}});
  case 1:
    return plugin("ValueAddTransformer", "value",
                  {{"value", r.pick({"added", "5"})},
                   {"targets", Json::array({{{"fieldPath", r.pick({"metadata/labels/added", "spec/size"})}}})}});
  case 2:
    return plugin("PatchJson6902Transformer", "json",
                  {{"target", {{"kind", known.object["kind"]}, {"name", known.name()}}},
                   {"jsonOp", R"([{"op": "add", "path": "/metadata/labels", "value": {"by": "json"}}])"}});
  case 3: {
    const Json patch = {{"apiVersion", known.object["apiVersion"]},
                        {"kind", known.object["kind"]},
                        {"metadata", {{"name", known.name()}, {"labels", {{"by", "merge"}}}}}};
    return plugin("PatchStrategicMergeTransformer", "merge", {{"patches", to_yaml(r, patch)}});
  }
  case 4:
    return plugin("SortOrderTransformer", "order", {{"sortOptions", {{"order", "legacy"}}}});
  case 5:
    return plugin("ReplacementTransformer", "replacements",
                  {{"replacements", Json::array({{{"source", {{"kind", known.object["kind"]}, {"name", known.name()}}},
                                                  {"targets", Json::array({{{"select", {{"kind", "Deployment"}}},
                                                                            {"fieldPaths", {"metadata.labels.copied"}},
                                                                            {"options", {{"create", true}}}}})}}})}});
  default:
    return plugin("HashTransformer", "hash", Json::object());
  }
}

} // namespace

void add_rare_fields(Random &r, Json &k, Folder &folder, KnownObjects &objects, std::set<std::string> &used) {
  const auto placed = [&](const Json &config) {
    return r.percent(60) ? folder.add("rare", ".yaml", to_yaml(r, config)) : to_yaml(r, config);
  };
  // What is generated and then made another kind has a hash of more than can be seen (docs/kustomize.md).
  if (k.contains("patches"))
    for (Json &patch : k["patches"])
      if (patch.contains("options")) patch["options"].erase("allowKindChange");
  if (r.percent(20)) k["crds"] = Json::array({folder.add("definitions", ".json", definitions(r).dump(1))});
  if (r.percent(15)) {
    if (r.percent(80)) {
      k["openapi"] = {{"path", folder.add("openapi", ".json", schema(r).dump(1))}};
    } else {
      k["openapi"] = {{"version", r.percent(90) ? "v1.21.2" : "v1.0.0"}};
    }
  }
  if (r.percent(30)) {
    if (const Json made = generator(r, folder, objects, used); !made.is_null())
      k["generators"] = Json::array({placed(made)});
  }
  if (objects.empty()) return;
  if (r.percent(40)) k["transformers"] = Json::array({placed(transformer(r, objects))});
  if (r.percent(15)) {
    // Not validated-by: whether kustomize takes it depends on more than can be seen (docs/kustomize.md).
    Json fields = {{"path", "metadata/labels"}, {"create", true}};
    if (r.percent(80)) fields["kind"] = "Nothing";
    k["validators"] = Json::array({placed(plugin(
        "LabelTransformer", "check", {{"labels", {{"changed", "check"}}}, {"fieldSpecs", Json::array({fields})}}))});
  }
}

} // namespace ksail::fuzz
