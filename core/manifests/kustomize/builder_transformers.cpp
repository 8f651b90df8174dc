// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/builder.hpp"
#include "manifests/kustomize/builtin_plugins.hpp"
#include "manifests/kustomize/written_yaml.hpp"

#include <algorithm>
#include <map>

namespace ksail::manifests::kustomize {
namespace {

constexpr const char *kValidatedBy = "validated-by";

/// An object before a validator ran, with what kustomize keeps in its annotations.
struct Snapshot {
  const Node *root;
  Resource notes;
};

/// Equal down to where in the input each part stands: kustomize takes a value that was written anew for another one,
/// even where it reads the same.
bool identical(const Node &a, const Node &b) {
  if (a.kind != b.kind || a.style != b.style || a.line != b.line || a.column != b.column || a.size != b.size) {
    return false;
  }
  return a.is_scalar() ? a.text() == b.text() && tag_as_read(a) == tag_as_read(b)
                       : std::equal(a.items, a.items + a.size, b.items,
                                    [](const Node *x, const Node *y) { return identical(*x, *y); });
}

bool same_notes(const Resource &a, const Resource &b) {
  return a.previous.size() == b.previous.size() && a.prefixes == b.prefixes && a.suffixes == b.suffixes &&
         a.needs_hash == b.needs_hash;
}

/// The one label that a validator may set is taken away again, which writes all labels of the object anew.
const Node *without_validation(Arena &arena, const Resource &resource) {
  Resource copy = resource;
  copy.root = clone(arena, *resource.root);
  auto labels = copy.metadata_texts("labels");
  if (std::erase_if(labels, [](const auto &label) { return label.first == kValidatedBy; }) > 0) {
    copy.set_metadata_map(arena, "labels", std::move(labels));
  }
  return copy.root;
}

std::map<std::string, Snapshot> snapshots(Arena &arena, const Resources &list) {
  std::map<std::string, Snapshot> all;
  for (const Resource *resource : list) {
    all.insert_or_assign(resource->id().key(), Snapshot{clone(arena, *resource->root), *resource});
  }
  return all;
}

bool is_unchanged(Arena &arena, const std::map<std::string, Snapshot> &before, const Resources &list) {
  return before.size() == list.size() && std::all_of(list.begin(), list.end(), [&](const Resource *resource) {
           const auto was = before.find(resource->id().key());
           return was != before.end() && same_notes(was->second.notes, *resource) &&
                  identical(*was->second.root, *without_validation(arena, *resource));
         });
}

} // namespace

PatchSetting Builder::patch_setting(const Target &target) { return {arena_, target.load, schema(), schema_needed_}; }

PluginSetting Builder::plugin_setting(const Target &target) {
  return {patch_setting(target), owned_, helm_setting(target.loader), target.loader.path().filename().string()};
}

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
  const auto setting = plugin_setting(target);
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
  const auto setting = patch_setting(target);
  const std::string_view name = field;
  const auto ended = [&](Result<void> done, const char *kind, const std::string &where) -> Result<void> {
    if (!done) {
      return where.empty() ? std::move(done) : std::move(done).error().in(where);
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
  const auto setting = plugin_setting(target);
  for (const Resource *config : *configs) {
    const auto where = target.k.file + ": validators: " + config->id().text();
    const auto before = snapshots(arena_, target.gathered.list);
    if (auto done = run_transformer(setting, *config, target.gathered.list); !done) {
      return std::move(done).error().in(where);
    }
    if (!is_unchanged(arena_, before, target.gathered.list)) {
      return Error(Code::config, where + " changes objects, which a validator may not",
                   "list it under `transformers`; a validator may set the label validated-by of objects that have no "
                   "labels in their files");
    }
  }
  return {};
}

} // namespace ksail::manifests::kustomize
