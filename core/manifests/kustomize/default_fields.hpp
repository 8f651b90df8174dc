// SPDX-License-Identifier: Apache-2.0
// The fields that kustomize 5.8.1 transforms by default. Source: its built-in transformer configuration.
#pragma once

#include "manifests/kustomize/field_spec.hpp"

namespace ksail::manifests::kustomize {

const FieldSpecs &metadata_label_fields(); ///< labels of objects, pod templates and claim templates
const FieldSpecs &common_label_fields();   ///< the same and selectors
const FieldSpecs &common_annotation_fields();
const FieldSpecs &image_fields();
const FieldSpecs &replica_fields();
const FieldSpecs &namespace_fields();

/// Who refers to objects of which kind by name.
struct NameReference {
  Gvk target;
  FieldSpec referrer;
};
const std::vector<NameReference> &name_references();

} // namespace ksail::manifests::kustomize
