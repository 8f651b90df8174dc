// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/default_fields.hpp"
#include "manifests/kustomize/transformers.hpp"

namespace ksail::manifests::kustomize {
namespace {

Result<void> set_entries(Arena &arena, Resources &resources, const nlohmann::json &entries, const FieldSpecs &fields) {
  for (Resource *resource : resources) {
    for (const auto &[key, value] : entries.items()) { // sorted
      const auto text = value.get<std::string>();
      for (const auto &field : fields) {
        const Act act = [&](Node &node) -> Result<void> {
          if (!node.is_mapping()) {
            return Error(Code::config, "labels and annotations are maps, but something else stands there");
          }
          set(arena, node, key, make_string(arena, text));
          return {};
        };
        if (auto done = visit(arena, *resource, field, NodeKind::mapping, act); !done) {
          return done;
        }
      }
    }
  }
  return {};
}

} // namespace

Result<void> add_labels(Arena &arena, Resources &resources, const Kustomization &kustomization) {
  for (const auto &entry : kustomization.list("labels")) {
    FieldSpecs fields;
    if (entry.contains("fields")) {
      for (const auto &field : entry["fields"]) {
        fields.push_back({text_of(field, "group"), text_of(field, "version"), text_of(field, "kind"),
                          text_of(field, "path"), flag_of(field, "create")});
      }
    }
    if (flag_of(entry, "includeSelectors")) {
      if (auto done = merge_into(fields, common_label_fields()); !done) {
        return std::move(done).error().in(kustomization.file + ": labels");
      }
    } else {
      if (flag_of(entry, "includeTemplates")) {
        if (auto done = merge_into(fields, metadata_label_fields()); !done) {
          return std::move(done).error().in(kustomization.file + ": labels");
        }
      }
      if (auto done = merge_into(fields, metadata_label_fields().front()); !done) {
        return std::move(done).error().in(kustomization.file + ": labels");
      }
    }
    if (entry.contains("pairs")) {
      if (auto done = set_entries(arena, resources, entry["pairs"], fields); !done) {
        return std::move(done).error().in(kustomization.file + ": labels");
      }
    }
  }
  if (kustomization.has("commonLabels")) {
    if (auto done = set_entries(arena, resources, kustomization.fields["commonLabels"], common_label_fields()); !done) {
      return std::move(done).error().in(kustomization.file + ": commonLabels");
    }
  }
  return {};
}

Result<void> add_annotations(Arena &arena, Resources &resources, const Kustomization &kustomization) {
  if (!kustomization.has("commonAnnotations")) {
    return {};
  }
  auto done = set_entries(arena, resources, kustomization.fields["commonAnnotations"], common_annotation_fields());
  if (!done) {
    return std::move(done).error().in(kustomization.file + ": commonAnnotations");
  }
  return {};
}

} // namespace ksail::manifests::kustomize
