// SPDX-License-Identifier: Apache-2.0
// Nodes as providers describe them (the "node" of sdk/docs/provider-1.md), checked and typed.
#pragma once

#include "distributions/distribution.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ksail {

struct ProviderNode {
  std::string id, name, cluster, role, image;
  std::string state = "unknown"; ///< created | running | paused | exited | dead
  std::string health = "none";
  std::string ipv4;
  int exit_code = 0;
  std::int64_t created_unix = 0; ///< 0: not told
  std::map<int, std::pair<std::string, std::uint16_t>> ports; ///< container port -> host address, host port
  std::map<std::string, std::string> labels;

  NodeFacts facts() const;
};

/// Missing or ill-typed members read as their defaults: a provider may know less.
ProviderNode parse_node(const nlohmann::json &value);
/// The "nodes" array of an answer, sorted: control planes, workers, others; then by name with numbers in their order.
std::vector<ProviderNode> parse_nodes(const nlohmann::json &answer);
/// The facts of those that run, in their order.
std::vector<NodeFacts> running_nodes(const std::vector<ProviderNode> &nodes);
/// dev-worker < dev-worker2 < dev-worker10.
bool node_name_less(std::string_view a, std::string_view b);

} // namespace ksail
