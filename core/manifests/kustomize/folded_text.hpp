// SPDX-License-Identifier: Apache-2.0
// What becomes of texts in folded style (`>`) when kustomize writes and reads them on the way to its output.
#pragma once

#include "manifests/arena.hpp"
#include "manifests/node.hpp"

namespace ksail::manifests::kustomize {

/// Folded texts below `root` get what kustomize's writer does to them: before lines that stand further in it writes a
/// line break too many, and none where the text begins with a space. Called once per object, when all else is done.
void settle_folded_texts(Arena &arena, Node &root);

} // namespace ksail::manifests::kustomize
