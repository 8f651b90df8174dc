// SPDX-License-Identifier: Apache-2.0
// Nodes to YAML as kubectl and kustomize write it, byte for byte.
//
// Sources: sigs.k8s.io/yaml (what both write with) and its emitter go.yaml.in/yaml v2: keys in natural order, two
// spaces of indentation, dashes of a list below the key's first letter, text folded where a line passes column 80.
#pragma once

#include "manifests/scalar.hpp"
#include "manifests/yaml_parser.hpp"

#include <optional>
#include <string>

namespace ksail::manifests {

/// Appends one document, ending in a newline, without "---". Values are what `rules` make of the scalars; what could be
/// taken for another type is quoted, so that both readers get the same values back. Aliases and merge keys are
/// resolved, comments are lost. Fails as write_json does (json.hpp). Keeps no state: documents can be written one by
/// one.
std::optional<SyntaxError> write_yaml(const Node &root, Rules rules, std::string &out);

} // namespace ksail::manifests
