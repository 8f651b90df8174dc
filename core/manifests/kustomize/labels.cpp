// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/transformers.hpp"

namespace ksail::manifests::kustomize {
Result<void> add_entries(Arena &arena, Resources &resources, const Json &entries, const FieldSpecs &fields) {
  for (Resource *resource : resources) {
    for (const auto &[key, value] : entries.items()) { // sorted
      // One node for every place of the object: when a later label changes it in one place, it changes in all, which
      // is what kustomize does. Its style becomes that of the last text it replaced.
      Node *const fresh = make_string(arena, value.get<std::string>());
      for (const auto &field : fields) {
        const Act act = [&](Node &node) -> Result<void> {
          if (is_null(node)) {
            return {};
          }
          if (!node.is_mapping()) {
            return Error(Code::config, "labels and annotations are maps, but something else stands there");
          }
          quote_if_needed(*fresh);
          if (Node *there = node.find(key)) {
            fresh->style = there->is_scalar() ? there->style : Style::plain;
            *there = *fresh;
          } else {
            set(arena, node, key, fresh);
          }
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

Result<void> add_labels(Arena &arena, Resources &resources, const Kustomization &kustomization,
                        const TransformerFields &fields) {
  for (const auto &entry : kustomization.list("labels")) {
    FieldSpecs where = field_specs_of(entry, "fields");
    if (auto done = merge_into(where, fields.labels); !done) {
      return done;
    }
    if (flag_of(entry, "includeSelectors")) {
      if (auto done = merge_into(where, fields.common_labels); !done) {
        return done;
      }
    } else {
      if (flag_of(entry, "includeTemplates")) {
        if (auto done = merge_into(where, fields.template_labels); !done) {
          return done;
        }
      }
      if (auto done = merge_into(where, FieldSpec{"", "", "", "metadata/labels", true}); !done) {
        return done;
      }
    }
    if (entry.contains("pairs")) {
      if (auto done = add_entries(arena, resources, entry["pairs"], where); !done) {
        return done;
      }
    }
  }
  return kustomization.has("commonLabels")
             ? add_entries(arena, resources, kustomization.fields["commonLabels"], fields.common_labels)
             : Result<void>();
}

} // namespace ksail::manifests::kustomize
