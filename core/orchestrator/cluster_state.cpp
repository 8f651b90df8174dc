// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cluster_state.hpp"

#include "orchestrator/labels.hpp"

#include <algorithm>
#include <map>

namespace ksail {

namespace {

constexpr int api_port = 6443;

std::string join(const std::vector<std::string> &names) {
  std::string text;
  for (const auto &name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string label(const ProviderNode &node, const char *key) {
  const auto found = node.labels.find(key);
  return found == node.labels.end() ? std::string() : found->second;
}

} // namespace

std::optional<std::string> published_api_server(const std::vector<ProviderNode> &nodes) {
  const ProviderNode *best = nullptr;
  for (const auto &node : nodes) {
    if (!node.ports.contains(api_port)) continue;
    if (!best || (node.role == "load-balancer" && best->role != "load-balancer")) best = &node;
  }
  if (!best) return std::nullopt;
  const auto &[address, port] = best->ports.at(api_port);
  const bool v6 = address.find(':') != std::string::npos;
  return "https://" + (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

ClusterStatus status_from_provider(const std::vector<ProviderNode> &nodes, const std::string &provider_name) {
  ClusterStatus status;
  status.provider = provider_name;
  std::vector<std::string> down;
  for (const auto &node : nodes) {
    if (status.name.empty()) status.name = node.cluster;
    if (status.distribution.empty()) status.distribution = label(node, label_distribution);
    NodeStatus entry;
    entry.name = node.name;
    entry.role = node.role;
    entry.state = node.state;
    entry.health = node.health;
    entry.ipv4 = node.ipv4;
    entry.image = node.image;
    if (node.state != "running") down.push_back(node.name + " is " + node.state);
    status.nodes.push_back(std::move(entry));
  }
  if (down.empty())
    status.state = "Running";
  else if (down.size() == nodes.size())
    status.state = "Stopped";
  else {
    status.state = "Partial";
    status.detail = join(down);
  }
  if (auto server = published_api_server(nodes)) status.server = *server;
  return status;
}

std::vector<ClusterStatus> group_clusters(const std::vector<ProviderNode> &nodes, const std::string &provider_name) {
  std::map<std::string, std::vector<ProviderNode>> clusters;
  for (const auto &node : nodes)
    if (!node.cluster.empty()) clusters[node.cluster].push_back(node);
  std::vector<ClusterStatus> result;
  for (const auto &[name, members] : clusters)
    result.push_back(status_from_provider(members, provider_name));
  return result;
}

void add_readiness(ClusterStatus &status, const Result<std::vector<NodeReadiness>> &readiness) {
  if (status.state == "Stopped") return;
  if (!readiness) {
    if (status.state == "Partial")
      status.detail += "; " + readiness.error().message;
    else {
      status.state = "Unreachable";
      status.detail = readiness.error().message;
    }
    return;
  }
  std::vector<std::string> waiting;
  for (auto &node : status.nodes) {
    if (node.role == "load-balancer") continue;
    const auto found =
        std::find_if(readiness->begin(), readiness->end(), [&](const NodeReadiness &r) { return r.name == node.name; });
    if (found == readiness->end()) {
      node.ready_reason = "not registered";
    } else {
      node.ready = found->ready && node.state == "running";
      node.ready_reason = found->reason;
      node.kubelet_version = found->kubelet_version;
      if (status.kubernetes_version.empty()) status.kubernetes_version = found->kubelet_version;
    }
    if (!node.ready && node.state == "running") waiting.push_back(node.name + ": " + node.ready_reason);
  }
  if (status.state == "Partial") return;
  status.state = waiting.empty() ? "Ready" : "NotReady";
  status.detail = join(waiting);
}

} // namespace ksail
