// SPDX-License-Identifier: Apache-2.0
#include "node_view.hpp"

#include "answer_member.hpp"
#include "labels.hpp"

#include <charconv>
#include <ctime>

namespace ksail::docker {

namespace {

using nlohmann::json;

std::int64_t number(const json &object, const char *name) {
  if (!object.is_object()) return 0;
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::string state_of(const std::string &engine_state) {
  if (engine_state == "restarting") return "exited"; // between two lives
  if (engine_state == "removing") return "dead";
  return engine_state.empty() ? "dead" : engine_state;
}

/// "Up 5 minutes (healthy)", "Exited (137) 2 minutes ago".
void read_status(const std::string &status, json &node) {
  if (status.find("(healthy)") != std::string::npos)
    node["health"] = "healthy";
  else if (status.find("(unhealthy)") != std::string::npos)
    node["health"] = "unhealthy";
  constexpr std::string_view mark = "Exited (";
  if (status.substr(0, mark.size()) == mark) {
    int code = 0;
    std::from_chars(status.data() + mark.size(), status.data() + status.size(), code);
    node["exit_code"] = code;
  }
}

/// The first network's addresses; a node has one. One that does not run keeps what was fixed for it.
json addresses_of(const json &networks) {
  json addresses = {{"ipv4", ""}, {"ipv6", ""}};
  if (!networks.is_object() || networks.empty()) return addresses;
  const json &network = networks.begin().value();
  std::string ipv4 = text(network, "IPAddress");
  if (ipv4.empty()) ipv4 = text(member(network, "IPAMConfig"), "IPv4Address");
  addresses["ipv4"] = ipv4;
  addresses["ipv6"] = text(network, "GlobalIPv6Address");
  return addresses;
}

json port_view(std::int64_t container, const std::string &protocol, const std::string &address, std::int64_t host) {
  return {{"container", container}, {"protocol", protocol}, {"host_address", address}, {"host_port", host}};
}

void complete(json &node) {
  const json &labels = node["labels"];
  node["cluster"] = text(labels, cluster_label);
  node["role"] = text(labels, role_label);
}

json empty_node() {
  return {{"id", ""},
          {"name", ""},
          {"cluster", ""},
          {"role", ""},
          {"image", ""},
          {"state", "dead"},
          {"health", "none"},
          {"exit_code", 0},
          {"addresses", {{"ipv4", ""}, {"ipv6", ""}}},
          {"ports", json::array()},
          {"labels", json::object()},
          {"created_unix", 0},
          {"started_unix", 0}};
}

json labels_of(const json &value) { return value.is_object() ? value : json(json::object()); }

} // namespace

std::string entry_name(const json &entry) {
  const json &names = member(entry, "Names");
  if (!names.is_array() || names.empty() || !names.front().is_string()) return {};
  std::string name = names.front().get<std::string>();
  if (!name.empty() && name.front() == '/') name.erase(0, 1);
  return name;
}

json node_from_list_entry(const json &entry) {
  json node = empty_node();
  node["id"] = text(entry, "Id");
  node["name"] = entry_name(entry);
  node["image"] = text(entry, "Image");
  node["state"] = state_of(text(entry, "State"));
  node["created_unix"] = number(entry, "Created");
  node["labels"] = labels_of(member(entry, "Labels"));
  read_status(text(entry, "Status"), node);
  node["addresses"] = addresses_of(member(member(entry, "NetworkSettings"), "Networks"));
  for (const auto &port : member(entry, "Ports"))
    if (number(port, "PublicPort") > 0)
      node["ports"].push_back(
          port_view(number(port, "PrivatePort"), text(port, "Type"), text(port, "IP"), number(port, "PublicPort")));
  complete(node);
  return node;
}

json node_from_inspection(const json &container) {
  json node = empty_node();
  const json &config = member(container, "Config");
  const json &state = member(container, "State");
  node["id"] = text(container, "Id");
  std::string name = text(container, "Name");
  if (!name.empty() && name.front() == '/') name.erase(0, 1);
  node["name"] = name;
  node["image"] = text(config, "Image");
  node["state"] = state_of(text(state, "Status"));
  node["exit_code"] = number(state, "ExitCode");
  node["created_unix"] = unix_time(text(container, "Created"));
  node["started_unix"] = unix_time(text(state, "StartedAt"));
  if (const std::string health = text(member(state, "Health"), "Status"); health == "healthy" || health == "unhealthy")
    node["health"] = health;
  node["labels"] = labels_of(member(config, "Labels"));
  const json &network = member(container, "NetworkSettings");
  node["addresses"] = addresses_of(member(network, "Networks"));
  // What was asked for stays known while the node does not run, and equals what is bound: ports are always fixed.
  for (const auto &[key, bindings] : member(member(container, "HostConfig"), "PortBindings").items()) {
    const auto slash = key.find('/');
    if (!bindings.is_array()) continue;
    for (const auto &binding : bindings)
      node["ports"].push_back(port_view(std::atoi(key.c_str()),
                                        slash == std::string::npos ? "tcp" : key.substr(slash + 1),
                                        text(binding, "HostIp"), std::atoi(text(binding, "HostPort").c_str())));
  }
  complete(node);
  return node;
}

json node_from_template(const NodeTemplate &made, const ClusterSettings &cluster, const std::string &id, bool running,
                        std::int64_t now_unix) {
  json node = empty_node();
  node["id"] = id;
  node["name"] = made.name;
  node["image"] = made.image;
  node["state"] = running ? "running" : "created";
  node["labels"] = container_labels(made, cluster);
  node["addresses"]["ipv4"] = made.address;
  for (const auto &port : made.ports)
    node["ports"].push_back(port_view(port.container, port.protocol, port.host_address, port.host));
  node["created_unix"] = now_unix;
  if (running) node["started_unix"] = now_unix;
  complete(node);
  return node;
}

std::int64_t unix_time(const std::string &rfc3339) {
  std::tm fields{};
  const char *rest = ::strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%S", &fields);
  if (!rest || fields.tm_year < 70) return 0;
  return ::timegm(&fields);
}

} // namespace ksail::docker
