// SPDX-License-Identifier: Apache-2.0
// A user's changes to machine configurations: strategic merge patches with Talos' rules, and JSON patches (RFC 6902).
//
// Source of the rules: siderolabs/talos, pkg/machinery/config/{merge,configpatcher,configloader}. Scalars replace,
// mappings merge by key, lists are appended to, but for pod and service subnets, the audit policy, and ingress and
// ports of firewall rules, which replace; network interfaces merge by interface or device selector, VLANs by id,
// admission plugins by name.
// `$patch: delete` takes away a key, a list element or a document. Documents go by apiVersion, kind and name; one that
// is not there yet is added. A JSON patch changes the document without a kind; talosctl refuses it as soon as there is
// another.
//
// Pure; any thread. Errors are Code::config and begin with file:line.
#pragma once

#include "distributions/talos/config_tree.hpp"

#include <string>
#include <string_view>

namespace ksail::talos {

struct ConfigPatch {
  enum class Kind { strategic, json };
  Kind kind = Kind::strategic;
  std::string file;    ///< what errors name
  Documents documents; ///< of a JSON patch: one list of operations
};

/// A list of operations is a JSON patch, anything else a strategic merge patch; both may be YAML or JSON.
Result<ConfigPatch> parse_config_patch(std::string_view text, const std::string &file);

/// Leaves `config` as it was when it fails.
Result<void> apply_config_patch(Documents &config, const ConfigPatch &patch);

} // namespace ksail::talos
