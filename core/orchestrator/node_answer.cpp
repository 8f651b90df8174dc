// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/node_answer.hpp"

#include "kubernetes/json_field.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace ksail {

namespace {

int number(const nlohmann::json &value, const char *key) {
  const auto found = value.find(key);
  return found != value.end() && found->is_number_integer() ? found->get<int>() : 0;
}

/// "dev-worker12" -> {"dev-worker", 12}; without digits the number is 1, as the first of a role has none.
std::pair<std::string_view, unsigned long> split_number(std::string_view name) {
  auto end = name.size();
  while (end > 0 && name[end - 1] >= '0' && name[end - 1] <= '9')
    --end;
  unsigned long value = 1;
  if (end < name.size()) std::from_chars(name.data() + end, name.data() + name.size(), value);
  return {name.substr(0, end), value};
}

int role_rank(std::string_view role) { return role == "control-plane" ? 0 : role == "worker" ? 1 : 2; }

} // namespace

NodeFacts ProviderNode::facts() const {
  NodeFacts facts;
  facts.name = name;
  facts.role = role;
  facts.id = id;
  facts.ipv4 = ipv4;
  facts.ports = ports;
  return facts;
}

ProviderNode parse_node(const nlohmann::json &value) {
  ProviderNode node;
  if (!value.is_object()) return node;
  node.id = text(value, "id");
  node.name = text(value, "name");
  node.cluster = text(value, "cluster");
  node.role = text(value, "role");
  node.image = text(value, "image");
  if (auto state = text(value, "state"); !state.empty()) node.state = state;
  if (auto health = text(value, "health"); !health.empty()) node.health = health;
  node.exit_code = number(value, "exit_code");
  if (const auto created = value.find("created_unix"); created != value.end() && created->is_number_integer())
    node.created_unix = created->get<std::int64_t>();
  if (const auto addresses = value.find("addresses"); addresses != value.end() && addresses->is_object())
    node.ipv4 = text(*addresses, "ipv4");
  if (const auto ports = value.find("ports"); ports != value.end() && ports->is_array())
    for (const auto &port : *ports) {
      if (!port.is_object()) continue;
      const int container = number(port, "container");
      const int host = number(port, "host_port");
      if (container > 0 && host > 0 && host < 65536) {
        std::string address = text(port, "host_address");
        // An unspecified address means every interface: the loopback one is reachable from here.
        if (address.empty() || address == "0.0.0.0") address = "127.0.0.1";
        if (address == "::") address = "::1";
        node.ports[container] = std::make_pair(address, static_cast<std::uint16_t>(host));
      }
    }
  if (const auto labels = value.find("labels"); labels != value.end() && labels->is_object())
    for (const auto &[key, label] : labels->items())
      if (label.is_string()) node.labels[key] = label.get<std::string>();
  return node;
}

bool node_name_less(std::string_view a, std::string_view b) {
  const auto left = split_number(a);
  const auto right = split_number(b);
  if (left.first != right.first) return left.first < right.first;
  return left.second < right.second;
}

std::vector<NodeFacts> running_nodes(const std::vector<ProviderNode> &nodes) {
  std::vector<NodeFacts> facts;
  for (const auto &node : nodes)
    if (node.state == "running") facts.push_back(node.facts());
  return facts;
}

std::vector<ProviderNode> parse_nodes(const nlohmann::json &answer) {
  std::vector<ProviderNode> nodes;
  if (const auto found = answer.find("nodes"); found != answer.end() && found->is_array())
    for (const auto &value : *found)
      nodes.push_back(parse_node(value));
  std::sort(nodes.begin(), nodes.end(), [](const ProviderNode &a, const ProviderNode &b) {
    if (role_rank(a.role) != role_rank(b.role)) return role_rank(a.role) < role_rank(b.role);
    return node_name_less(a.name, b.name);
  });
  return nodes;
}

} // namespace ksail
