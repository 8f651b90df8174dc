// SPDX-License-Identifier: Apache-2.0
// What a kustomization does to every object it has gathered, one function per field.
#pragma once

#include "manifests/kustomize/field_spec.hpp"
#include "manifests/kustomize/kustomization.hpp"

namespace ksail::manifests::kustomize {

using Loaded = std::function<Result<std::string>(const std::string &path)>; ///< the text of a file of the kustomization

Result<void> set_namespace(Arena &arena, Resources &resources, const std::string &ns);
Result<void> add_prefix(Arena &arena, Resources &resources, const std::string &prefix);
Result<void> add_suffix(Arena &arena, Resources &resources, const std::string &suffix);
/// labels, then commonLabels.
Result<void> add_labels(Arena &arena, Resources &resources, const Kustomization &kustomization);
Result<void> add_annotations(Arena &arena, Resources &resources, const Kustomization &kustomization);
Result<void> set_replicas(Arena &arena, Resources &resources, const Kustomization &kustomization);
Result<void> set_images(Arena &arena, Resources &resources, const Kustomization &kustomization);
/// One of the fields patches, patchesStrategicMerge, patchesJson6902. Deleted objects are taken out of the list.
Result<void> apply_patches(Arena &arena, Resources &resources, const Kustomization &kustomization, const char *field,
                           const Loaded &load);
/// Once, at the end: references by name follow what was renamed.
Result<void> fix_name_references(Arena &arena, Resources &resources);
/// The order in which kustomize prints: `sortOptions`, else by kind.
Result<void> sort_resources(Resources &resources, const Kustomization &kustomization);

/// Objects of a text: lists expanded, aliases and merges resolved. `file` is what errors name.
Result<Resources> parse_resources(Arena &arena, std::vector<std::unique_ptr<Resource>> &owned, std::string_view text,
                                  const std::string &file);
/// ConfigMap or Secret of one generator entry, `options` merged with generatorOptions already.
Result<Resource *> generate(Arena &arena, std::vector<std::unique_ptr<Resource>> &owned, bool secret,
                            const nlohmann::json &entry, const std::string &where, const Loaded &load);
/// Ten characters that stand for the content of a ConfigMap or Secret.
std::string content_hash(const Node &root);

} // namespace ksail::manifests::kustomize
