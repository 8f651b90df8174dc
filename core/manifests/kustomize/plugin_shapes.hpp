// SPDX-License-Identifier: Apache-2.0
// The fields of configurations of built-in generators and transformers.
#pragma once

#include "manifests/kustomize/shape.hpp"

namespace ksail::manifests::kustomize {

/// Empty for a kind that is none.
std::span<const Field> transformer_shape(std::string_view kind);
/// A file of targets of a ValueAddTransformer.
std::span<const Field> value_targets_shape();
std::span<const Field> iam_policy_shape();

} // namespace ksail::manifests::kustomize
