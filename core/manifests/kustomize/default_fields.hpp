// SPDX-License-Identifier: Apache-2.0
// Which fields of which kinds the transformers of a kustomization change: kustomize's defaults, what `configurations`
// add to them, and what the definitions under `crds` add.
#pragma once

#include "manifests/kustomize/field_spec.hpp"
#include "manifests/kustomize/shape.hpp"

#include <string_view>
#include <vector>

namespace ksail::manifests::kustomize {

/// Who refers to objects of which kind by name.
struct NameReference {
  Gvk target; ///< texts live in the build's arena or are constants
  FieldSpec referrer;
};

struct TransformerFields {
  FieldSpecs name_prefix, name_suffix, namespaces, images, replicas;
  FieldSpecs common_labels;   ///< labels of objects, pod templates and claim templates, and selectors
  FieldSpecs labels;          ///< what `labels` change besides metadata/labels
  FieldSpecs template_labels; ///< the same as common_labels without selectors
  FieldSpecs common_annotations;
  FieldSpecs variables; ///< where $(NAME) is replaced
  std::vector<NameReference> references;
};

/// Source: the built-in transformer configuration of kustomize 5.8.1.
const TransformerFields &default_fields();
/// The part of it where variables are replaced.
FieldSpecs default_variable_fields();

/// Entries by kind, references by the kind of their target: where a field may name objects of several kinds, the first
/// takes it; and what is merged first counts.
void sort_by_kind(TransformerFields &fields);

/// Adds what is not there yet, and sorts; an entry for the same place with another `create` is an error.
Result<void> merge_into(TransformerFields &into, const TransformerFields &more);

/// A file of `configurations`.
Result<TransformerFields> read_configuration(Arena &arena, std::string_view text, const std::string &file);
/// A file of `crds`: OpenAPI definitions whose x-kubernetes-* extensions say what is a name, a label or an annotation.
Result<TransformerFields> read_definitions(Arena &arena, std::string_view text, const std::string &file);

FieldSpec field_spec_of(const nlohmann::json &entry);
FieldSpecs field_specs_of(const nlohmann::json &object, const char *field);

} // namespace ksail::manifests::kustomize
