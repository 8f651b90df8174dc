// SPDX-License-Identifier: Apache-2.0
// Building YAML trees of machine configurations. Every text that could be read as something else is quoted.
#pragma once

#include "kubernetes/yaml_tree.hpp"

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace ksail::talos {

using kubernetes::YamlNode;
/// The documents of one machine configuration; the one without a kind comes first.
using Documents = std::vector<YamlNode>;

YamlNode text(std::string value); ///< quoted where it has to be
YamlNode boolean(bool value);
YamlNode number(long long value);
YamlNode texts(const std::vector<std::string> &values);
YamlNode mapping(std::initializer_list<std::pair<const char *, YamlNode>> fields);
YamlNode sequence(std::initializer_list<YamlNode> items);

/// The node at "machine.features.rbac"; nullptr when it is not there. Keys with dots cannot be asked for.
const YamlNode *find(const YamlNode &root, std::string_view path);
YamlNode *find(YamlNode &root, std::string_view path);
/// Sets a field deep in the tree; mappings on the way are made, and anything else in the way is replaced.
void set(YamlNode &root, std::string_view path, YamlNode value);
/// Takes a key out of a mapping; false when it was not there.
bool erase(YamlNode &mapping, std::string_view key);

/// The configuration as Talos reads it: documents divided by `---`.
std::string to_yaml(const Documents &documents);

} // namespace ksail::talos
