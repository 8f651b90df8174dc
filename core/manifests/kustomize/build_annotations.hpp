// SPDX-License-Identifier: Apache-2.0
// The annotations in which kustomize keeps its own notes. Objects that were written with them (by tools that go on with
// what another one made) begin with these notes, and lose the annotations at the end, whoever set them.
//
// Source: kustomize 5.8.1, BuildAnnotations of api/resource and kyaml/kio/kioutil.
#pragma once

#include "manifests/kustomize/resource.hpp"

#include <ksail/sdk/result.hpp>

namespace ksail::manifests::kustomize {

/// Whether an annotation of this name is taken away at the end.
bool is_build_annotation(std::string_view name);

/// Former names, prefixes, suffixes and the wish for a hash, as an object's own annotations tell; these are taken away.
/// Fails when former names, namespaces and kinds are not equally many.
Result<void> take_build_annotations(Arena &arena, Resource &resource);

} // namespace ksail::manifests::kustomize
