// SPDX-License-Identifier: Apache-2.0
// JSON patches (RFC 6902) on YAML trees. Pure. Errors are Code::config and begin with file:line.
#pragma once

#include "distributions/talos/config_tree.hpp"

namespace ksail::talos {

/// `operations` is the list; `document` may be half changed when it fails.
Result<void> apply_json_patch(YamlNode &document, const YamlNode &operations, const std::string &file);

} // namespace ksail::talos
