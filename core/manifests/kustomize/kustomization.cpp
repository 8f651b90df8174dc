// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/kustomization.hpp"

#include <algorithm>

namespace ksail::manifests::kustomize {
namespace {

using nlohmann::json;

void fold(json &fields, const char *old, const char *now) {
  if (!fields.contains(old)) {
    return;
  }
  for (const auto &item : fields[old]) {
    fields[now].push_back(item); // which makes the list
  }
  fields.erase(old);
}

/// The charts of the field that came before helmCharts and helmGlobals.
void fold_old_charts(json &fields) {
  const auto old = fields.find("helmChartInflationGenerator");
  if (old == fields.end()) {
    return;
  }
  for (const auto &chart : *old) {
    json now = json::object();
    for (const auto &[was, is] :
         std::initializer_list<std::pair<const char *, const char *>>{{"chartName", "name"},
                                                                      {"chartVersion", "version"},
                                                                      {"chartRepoUrl", "repo"},
                                                                      {"values", "valuesFile"},
                                                                      {"valuesLocal", "valuesInline"},
                                                                      {"valuesMerge", "valuesMerge"},
                                                                      {"releaseName", "releaseName"}}) {
      if (chart.contains(was)) {
        now[is] = chart[was];
      }
    }
    fields["helmCharts"].push_back(std::move(now));
    for (const auto &[was, is] : {std::pair{"helmHome", "configHome"}, std::pair{"chartHome", "chartHome"}}) {
      if (const auto text = text_of(chart, was); !text.empty()) {
        fields["helmGlobals"][is] = text;
      }
    }
  }
  fields.erase("helmChartInflationGenerator");
}

/// An empty list or map is something: a kustomization may consist of no resources.
bool says_nothing(const json &fields) {
  const auto items = fields.items();
  return std::all_of(items.begin(), items.end(), [](const auto &field) {
    return field.key() == "apiVersion" || field.key() == "kind" || field.value().is_null() || field.value() == "";
  });
}

} // namespace

const json &Kustomization::list(const char *field) const {
  static const json none = json::array();
  const auto at = fields.find(field);
  return at != fields.end() && at->is_array() ? *at : none;
}

std::string Kustomization::text(const char *field) const { return text_of(fields, field); }

Result<Kustomization> read_kustomization(std::string_view text, const std::string &file,
                                         std::vector<std::string> &warnings) {
  auto value = read_json(text, file);
  if (!value) {
    return value.error();
  }
  Kustomization result;
  result.file = file;
  if (value->is_object()) {
    auto checked = take_shape(*value, kustomization_shape(), file);
    if (!checked) {
      return checked.error();
    }
    result.fields = std::move(*checked);
  } else if (!value->is_null()) {
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
  fold_old_charts(fields);
  for (const char *generator : {"configMapGenerator", "secretGenerator"}) {
    for (auto &item : fields.contains(generator) ? fields[generator] : fields["\n"]) {
      if (!text_of(item, "env").empty()) {
        item["envs"].push_back(text_of(item, "env"));
      }
    }
  }
  fields.erase("\n");
  if (says_nothing(fields)) {
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
