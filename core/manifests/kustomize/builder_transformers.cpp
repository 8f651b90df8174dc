// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/builder.hpp"
#include "manifests/kustomize/builtin_plugins.hpp"
#include "manifests/yaml_writer.hpp"

#include <algorithm>

namespace ksail::manifests::kustomize {
namespace {

constexpr const char *kValidatedBy = "validated-by";

/// What an object is, without what a validator may change.
std::string without_validation(Arena &arena, const Resource &resource) {
  Node *copy = clone(arena, *resource.root);
  if (Node *data = copy->find("metadata"); data != nullptr) {
    if (Node *labels = data->find("labels"); labels != nullptr && labels->is_mapping()) {
      erase(*labels, kValidatedBy);
      if (labels->size == 0) {
        erase(*data, "labels");
      }
    }
  }
  std::string text;
  write_yaml(*copy, Rules::kustomize, text);
  return text;
}

} // namespace

/// In the order in which kustomize carries them out, whatever their order in the file.
Result<void> Builder::transform(const Target &target) {
  for (const char *field : {"patchesStrategicMerge", "patches", "namespace", "namePrefix", "nameSuffix", "labels",
                            "commonAnnotations", "patchesJson6902", "replicas", "images", "replacements"}) {
    if (auto done = transform_step(target, field); !done) {
      return done;
    }
  }
  target.gathered.ids_change();
  auto configs = plugins(target, "transformers");
  if (!configs) {
    return configs.error();
  }
  const auto helm = helm_setting(target.loader);
  const PluginSetting setting{arena_, owned_, target.load, schema(), helm, target.loader.path().filename().string()};
  for (const Resource *config : *configs) {
    if (auto done = run_transformer(setting, *config, target.gathered.list); !done) {
      return std::move(done).error().in(target.k.file + ": transformers: " + config->id().text());
    }
    metadata_.transformed_by(target.gathered.list, *config);
  }
  target.gathered.ids_change();
  return {};
}

Result<void> Builder::transform_step(const Target &target, const char *field) {
  const Kustomization &k = target.k;
  auto &list = target.gathered.list;
  const auto &fields = target.gathered.fields();
  const PatchSetting setting{arena_, target.load, schema()};
  built_in_used_ |= (field == std::string_view("patches") || field == std::string_view("patchesStrategicMerge")) &&
                    !k.list(field).empty();
  const std::string_view name = field;
  const auto ended = [&](Result<void> done, const char *kind, const std::string &where) -> Result<void> {
    if (!done) {
      return std::move(done).error().in(where);
    }
    metadata_.transformed(list, target.inherited.origin, target.file, kind);
    return {};
  };
  const auto at = [&](std::size_t i) { return k.file + ": " + field + "[" + std::to_string(i) + "]"; };
  /// Calls `act` for each entry of the field.
  const auto each = [&](const char *kind, const auto &act) -> Result<void> {
    const auto &entries = k.list(field);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (auto done = ended(act(entries[i], at(i)), kind, at(i)); !done) {
        return done;
      }
    }
    return {};
  };
  if (name == "patchesStrategicMerge") {
    const auto &entries = k.list(field);
    std::size_t patches = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      auto count = apply_merge_patch(setting, list, entries[i].get<std::string>(), at(i));
      if (!count) {
        return count.error();
      }
      patches += *count;
    }
    if (entries.empty()) {
      return {};
    }
    return patches == 0 ? Error(Code::config, k.file + ": " + field + " holds no patch")
                        : ended({}, "PatchStrategicMergeTransformer", "");
  }
  if (name == "patches" || name == "patchesJson6902") {
    const bool operations = name == "patchesJson6902";
    const auto &entries = k.list(field);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (auto done = apply_patch(setting, list, entries[i], operations, at(i)); !done) {
        return done;
      }
      metadata_.transformed(list, target.inherited.origin, target.file,
                            operations ? "PatchJson6902Transformer" : "PatchTransformer");
    }
    return {};
  }
  const auto where = k.file + ": " + field;
  if (name == "labels") {
    if (!k.has("labels") && !k.has("commonLabels")) {
      return {};
    }
    // One for every entry of `labels`, and one for `commonLabels` even where there are none.
    for (std::size_t i = 0; i < k.list("labels").size(); ++i) {
      metadata_.transformed(list, target.inherited.origin, target.file, "LabelTransformer");
    }
    return ended(add_labels(arena_, list, k, fields), "LabelTransformer", where);
  }
  if (name == "replicas") {
    return each("ReplicaCountTransformer", [&](const Json &entry, const std::string &) {
      return set_replicas(arena_, list, entry, fields.replicas);
    });
  }
  if (name == "images") {
    return each("ImageTagTransformer",
                [&](const Json &entry, const std::string &) { return set_image(arena_, list, entry, fields.images); });
  }
  if (!k.has(field)) {
    return {};
  }
  if (name == "namespace") {
    return ended(set_namespace(arena_, list, {k.text(field), fields.namespaces, false, Subjects::named_default}),
                 "NamespaceTransformer", where);
  }
  if (name == "namePrefix") {
    return ended(add_prefix(arena_, list, k.text(field), fields.name_prefix), "PrefixTransformer", where);
  }
  if (name == "nameSuffix") {
    return ended(add_suffix(arena_, list, k.text(field), fields.name_suffix), "SuffixTransformer", where);
  }
  if (name == "commonAnnotations") {
    return ended(add_entries(arena_, list, k.fields[field], fields.common_annotations), "AnnotationsTransformer",
                 where);
  }
  return ended(apply_replacements(arena_, list, k.fields[field], target.load, where), "ReplacementTransformer", "");
}

Result<void> Builder::validate(const Target &target) {
  auto configs = plugins(target, "validators");
  if (!configs || configs->empty()) {
    return configs ? Result<void>() : configs.error();
  }
  const auto state = [&] {
    std::vector<std::string> texts;
    for (const Resource *resource : target.gathered.list) {
      texts.push_back(without_validation(arena_, *resource));
    }
    return texts;
  };
  const auto helm = helm_setting(target.loader);
  const PluginSetting setting{arena_, owned_, target.load, schema(), helm, target.loader.path().filename().string()};
  for (const Resource *config : *configs) {
    const auto where = target.k.file + ": validators: " + config->id().text();
    const auto before = state();
    if (auto done = run_transformer(setting, *config, target.gathered.list); !done) {
      return std::move(done).error().in(where);
    }
    if (state() != before) {
      return Error(Code::config, where + " changes objects, which a validator may not", "list it under `transformers`");
    }
  }
  return {};
}

} // namespace ksail::manifests::kustomize
