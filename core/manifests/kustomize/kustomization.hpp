// SPDX-License-Identifier: Apache-2.0
// Reads kustomization.yaml: every field of kustomize 5.8.1 is known, everything else refused with a suggestion.
#pragma once

#include "manifests/kustomize/shape.hpp"

#include <string>
#include <vector>

namespace ksail::manifests::kustomize {

/// A kustomization as JSON with the canonical names of fields and types checked. Deprecated fields have been folded
/// into today's (bases into resources, imageTags into images, env into envs).
struct Kustomization {
  nlohmann::json fields;
  std::string file; ///< what errors name
  bool is_component = false;
  const nlohmann::json &list(const char *field) const;
  std::string text(const char *field) const;
  bool has(const char *field) const { return fields.contains(field) && !fields[field].empty(); }
};

/// `file` is the path as errors name it. Adds one sentence per deprecated field to `warnings`.
Result<Kustomization> read_kustomization(std::string_view text, const std::string &file,
                                         std::vector<std::string> &warnings);

} // namespace ksail::manifests::kustomize
