// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/user_patches.hpp"

#include "distributions/talos/config_check.hpp"

#include <algorithm>

namespace ksail::talos {

namespace {

const char *role_name(MachineType type) { return type == MachineType::controlplane ? "control-plane" : "worker"; }

} // namespace

Result<std::vector<UserPatch>> parse_user_patches(const ClusterSpec &spec) {
  std::vector<UserPatch> patches;
  for (const auto &given : spec.machine_patches) {
    auto parsed = parse_config_patch(given.text, given.file);
    if (!parsed) return parsed.error();
    patches.push_back({given.role, std::move(*parsed)});
  }
  return patches;
}

Result<void> apply_user_patches(Documents &config, const std::vector<UserPatch> &patches, MachineType type) {
  const std::string_view role = role_name(type);
  for (const auto &each : patches) {
    if (!each.role.empty() && each.role != role) continue;
    if (auto applied = apply_config_patch(config, each.patch); !applied) return applied.error();
  }
  return {};
}

namespace {

/// How deep a patch reaches into a field, and where.
struct Mention {
  bool whole = false;   ///< the field itself, not only what it would stand in
  std::size_t line = 0; ///< 0: neither
};

Mention mention_in(const YamlNode &document, std::string_view field) {
  const YamlNode *node = &document;
  std::size_t line = 0;
  while (!field.empty()) {
    const auto dot = std::min(field.find('.'), field.size());
    const std::string_view key = field.substr(0, dot);
    field.remove_prefix(std::min(field.size(), dot + 1));
    const YamlNode *below = nullptr;
    for (std::size_t i = 0; node->is_mapping() && i + 1 < node->items.size(); i += 2)
      if (node->items[i].value == key) {
        line = node->items[i].line;
        below = &node->items[i + 1];
      }
    if (!below) return {false, field.empty() ? line : 0};
    node = below;
  }
  return {true, line};
}

Mention mention_in(const ConfigPatch &patch, const ConfigProblem &problem) {
  Mention last;
  for (const auto &document : patch.documents) {
    Mention found;
    const std::string kind = document.text("kind");
    if (document.is_sequence()) {
      std::string pointer = "/" + problem.field;
      std::replace(pointer.begin(), pointer.end(), '.', '/');
      for (const auto &operation : document.items)
        if (const std::string path = operation.text("path"); !path.empty() && (pointer + "/").starts_with(path + "/"))
          found = {true, operation.line};
    } else if (kind.empty()) {
      found = mention_in(document, problem.field);
    } else if (problem.field == "kind" && problem.what.starts_with(kind + " ")) {
      found = mention_in(document, "kind");
    } else if (problem.field.starts_with(kind + ".")) {
      found = mention_in(document, std::string_view(problem.field).substr(kind.size() + 1));
    }
    if (found.line != 0 && (found.whole || !last.whole)) last = found;
  }
  return last;
}

/// "file:line: " of the patch that a problem comes from, as far as can be told: the last one with the field, else the
/// last one with what the field would stand in.
std::string origin_of(const std::vector<UserPatch> &patches, std::string_view role, const ConfigProblem &problem) {
  std::string origin;
  for (const bool whole : {false, true})
    for (const auto &each : patches) {
      if (!each.role.empty() && each.role != role) continue;
      if (const Mention found = mention_in(each.patch, problem); found.line != 0 && found.whole == whole)
        origin = each.patch.file + ":" + std::to_string(found.line) + ": ";
    }
  return origin;
}

} // namespace

Result<void> try_user_patches(const ClusterSpec &spec, Contract contract) {
  if (spec.machine_patches.empty()) return {};
  auto patches = parse_user_patches(spec);
  if (!patches) return patches.error();
  auto secrets = SecretsBundle::create();
  if (!secrets) return secrets.error();
  ClusterConfig config;
  config.contract = contract;
  config.cluster_name = spec.name;
  config.endpoint = "https://10.0.0.2:6443";
  config.kubernetes_version = default_kubernetes(contract);
  for (const auto type : {MachineType::controlplane, MachineType::worker}) {
    Documents documents = machine_config(config, *secrets, type);
    if (auto applied = apply_user_patches(documents, *patches, type); !applied) return applied.error();
    const char *role = role_name(type);
    const std::string what = std::string("the patched configuration of a ") + role;
    auto checked = check_config(documents, contract, MachineMode::container, what);
    if (checked) continue;
    Error error = checked.error();
    const auto problems = config_problems(documents, contract, MachineMode::container);
    error.message = origin_of(*patches, role, problems.front()) + error.message;
    return error;
  }
  return {};
}

} // namespace ksail::talos
