// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/owner_tree.hpp"

#include "kubernetes/json_field.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <string>

namespace ksail::kubernetes {

using nlohmann::json;

namespace {

std::string owner_of(const json &object) {
  std::string any;
  const json &owners = field(field(object, "metadata"), "ownerReferences");
  if (!owners.is_array()) return any;
  for (const auto &owner : owners) {
    if (const json &controls = field(owner, "controller"); controls.is_boolean() && controls.get<bool>())
      return text(owner, "uid");
    if (any.empty()) any = text(owner, "uid");
  }
  return any;
}

} // namespace

OwnedObjects owner_tree(const std::vector<json> &objects) {
  std::map<std::string, std::size_t> by_uid;
  for (std::size_t i = 0; i < objects.size(); ++i)
    if (const std::string uid = text(field(objects[i], "metadata"), "uid"); !uid.empty()) by_uid.emplace(uid, i);
  std::vector<std::optional<std::size_t>> parents(objects.size());
  for (std::size_t i = 0; i < objects.size(); ++i)
    if (const auto owner = by_uid.find(owner_of(objects[i])); owner != by_uid.end()) parents[i] = owner->second;
  OwnedObjects tree;
  tree.children.resize(objects.size());
  for (std::size_t i = 0; i < objects.size(); ++i) {
    std::size_t steps = 0;
    for (auto above = parents[i]; above && steps <= objects.size(); above = parents[*above])
      ++steps;
    if (parents[i] && steps <= objects.size())
      tree.children[*parents[i]].push_back(i);
    else
      tree.roots.push_back(i);
  }
  return tree;
}

} // namespace ksail::kubernetes
