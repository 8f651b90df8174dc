// SPDX-License-Identifier: Apache-2.0
// The deprecated `vars`: $(NAME) in fields stands for the value of a field of one object.
#pragma once

#include "manifests/kustomize/default_fields.hpp"

#include <map>
#include <string>

namespace ksail::manifests::kustomize {

struct Variable {
  std::string path;         ///< of the field whose value it has
  const Resource *resource; ///< nullptr: no object matched yet, which is an error in the end
};
/// By name.
using Variables = std::map<std::string, Variable>;

/// Adds the `vars` of one kustomization, which mean objects gathered until now. A name that is taken is an error.
Result<void> add_variables(Variables &into, const nlohmann::json &vars, const Resources &resources, Arena &arena);
/// Those of a base into those of what builds on it.
Result<void> add_variables(Variables &into, const Variables &more);

/// Once, at the end.
Result<void> replace_variables(Arena &arena, Resources &resources, const Variables &variables,
                               const FieldSpecs &fields);

} // namespace ksail::manifests::kustomize
