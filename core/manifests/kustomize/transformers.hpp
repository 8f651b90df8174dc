// SPDX-License-Identifier: Apache-2.0
// What a kustomization does to every object it has gathered. Each works on a list of objects and the fields it is to
// change; errors name the object, the caller adds kustomization and field.
#pragma once

#include "manifests/kustomize/default_fields.hpp"
#include "manifests/kustomize/kustomization.hpp"

#include <memory>

namespace ksail::manifests::kustomize {

class Schema;

using Json = nlohmann::json;
using Loaded = std::function<Result<std::string>(const std::string &path)>; ///< the text of a file of the kustomization
using Owned = std::vector<std::unique_ptr<Resource>>;                       ///< the objects of a build, for its length

/// Which subjects of role bindings move into the namespace.
enum class Subjects : std::uint8_t { named_default, service_accounts, none };

struct NamespaceChange {
  std::string ns;
  FieldSpecs fields;
  bool only_where_unset = false;
  Subjects subjects = Subjects::named_default;
};
Result<void> set_namespace(Arena &arena, Resources &resources, const NamespaceChange &change);
/// Only writes it into one object: no former id is remembered, so that no reference follows.
Result<void> write_namespace(Arena &arena, Resource &resource, const NamespaceChange &change);

Result<void> add_prefix(Arena &arena, Resources &resources, const std::string &prefix, const FieldSpecs &fields);
Result<void> add_suffix(Arena &arena, Resources &resources, const std::string &suffix, const FieldSpecs &fields);

/// Labels or annotations: a JSON map of strings set in every map the fields lead to.
Result<void> add_entries(Arena &arena, Resources &resources, const Json &entries, const FieldSpecs &fields);
/// `labels`, then `commonLabels`.
Result<void> add_labels(Arena &arena, Resources &resources, const Kustomization &kustomization,
                        const TransformerFields &fields);

/// One entry of `images`: {name, newName, newTag, tagSuffix, digest}.
Result<void> set_image(Arena &arena, Resources &resources, const Json &image, const FieldSpecs &fields);
/// One entry of `replicas`: {name, count}.
Result<void> set_replicas(Arena &arena, Resources &resources, const Json &replica, const FieldSpecs &fields);

/// What patches of one kustomization have in common.
struct PatchSetting {
  Arena &arena;
  const Loaded &load;
  const Schema *schema; ///< of `openapi`; nullptr for the built-in one
  bool &schema_needed;  ///< set once by a strategic merge, which asks the schema; JSON patches do not
};
/// One entry of `patches`, or with `only_operations` of `patchesJson6902`: {path, patch, target, options}. Objects that
/// it deletes are taken out of the list.
Result<void> apply_patch(const PatchSetting &setting, Resources &resources, const Json &entry, bool only_operations,
                         const std::string &where);
/// One entry of `patchesStrategicMerge`: YAML, or the path of a file. Gives the number of patches in it.
Result<std::size_t> apply_merge_patch(const PatchSetting &setting, Resources &resources,
                                      const std::string &text_or_path, const std::string &where);

/// `replacements`, each {path} or {source or sourceValue, targets}.
Result<void> apply_replacements(Arena &arena, Resources &resources, const Json &replacements, const Loaded &load,
                                const std::string &where);
/// Writes one value into fields of objects, as the built-in ValueAddTransformer does.
Result<void> add_value(Arena &arena, Resources &resources, const std::string &value, const Json &target,
                       const std::string &where);

/// Once, at the end: references by name follow what was renamed.
Result<void> fix_name_references(Arena &arena, Resources &resources, const std::vector<NameReference> &rules);
/// The order in which kustomize prints: of `sortOptions`, or by kind where that is nullptr.
Result<void> sort_resources(Resources &resources, const Json *options, const std::string &where);

/// Objects of a text: lists expanded, aliases and merges resolved. `file` is what errors name. What a line of dashes
/// does not separate from the document before it is dropped, as kustomize does; `warnings` gets a sentence about it.
Result<Resources> parse_resources(Arena &arena, Owned &owned, std::string_view text, const std::string &file,
                                  std::vector<std::string> *warnings = nullptr);
/// ConfigMap or Secret of one generator entry, `options` merged with generatorOptions already.
Result<Resource *> generate(Arena &arena, Owned &owned, bool secret, const Json &entry, const std::string &where,
                            const Loaded &load);
/// Ten characters that stand for the content of a ConfigMap or Secret.
std::string content_hash(const Node &root);

} // namespace ksail::manifests::kustomize
