// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/status_board.hpp"

#include "kubernetes/json_field.hpp"
#include "kubernetes/owner_tree.hpp"
#include "orchestrator/workload_gone.hpp"
#include "orchestrator/workload_readiness.hpp"
#include "orchestrator/workload_trouble.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <tuple>

namespace ksail {

using nlohmann::json;

namespace {

std::string name_of(const json &object) { return text(field(object, "metadata"), "name"); }
std::string namespace_of(const json &object) { return text(field(object, "metadata"), "namespace"); }

std::string title_of(const json &object) {
  const std::string ns = namespace_of(object);
  return text(object, "kind") + " " + (ns.empty() ? "" : ns + "/") + name_of(object);
}

/// A Deployment keeps the ReplicaSets of its history; with no pods they say nothing.
bool is_history(const json &object) {
  if (text(object, "kind") != "ReplicaSet") return false;
  const json &want = field(field(object, "spec"), "replicas"), &have = field(field(object, "status"), "replicas");
  return want.is_number_integer() && want.get<std::int64_t>() == 0 && (!have.is_number_integer() || have == 0);
}

StatusNode node_of(const json &object) {
  StatusNode node;
  node.object = title_of(object);
  if (!text(field(object, "metadata"), "deletionTimestamp").empty()) {
    node.state = "Terminating";
    node.reason = deletion_block(object);
    return node;
  }
  const ReadinessVerdict verdict = assess_readiness(object, {});
  node.state = verdict.state == Readiness::ready    ? "Current"
               : verdict.state == Readiness::failed ? "Failed"
                                                    : "InProgress";
  node.reason = verdict.reason;
  if (text(object, "kind") == "Pod" && verdict.state != Readiness::ready)
    if (const auto trouble = pod_trouble(object)) {
      // The tree names the pod already.
      const std::string said = "pod " + name_of(object) + ": ";
      node.reason = trouble->text.starts_with(said) ? trouble->text.substr(said.size()) : trouble->text;
      if (trouble->lasting) node.state = "Failed";
    }
  return node;
}

} // namespace

std::string worst_state(const std::vector<StatusNode> &nodes) {
  static constexpr std::array<std::string_view, 6> order{"Failed",      "NotFound",   "Unknown",
                                                         "Terminating", "InProgress", "Current"};
  std::size_t worst = order.size();
  for (const auto &node : nodes)
    worst = std::min<std::size_t>(
        worst, static_cast<std::size_t>(std::find(order.begin(), order.end(), node.state) - order.begin()));
  return worst < order.size() ? std::string(order[worst]) : std::string();
}

struct StatusBoard::State {
  std::map<std::string, std::map<std::string, json>> objects; ///< by collection, then namespace and name
  std::map<std::string, std::string> unreadable;

  struct Everything {
    std::vector<json> objects;
    kubernetes::OwnedObjects tree;
    std::map<std::string, std::size_t> at; ///< by kind, namespace and name
  };
  Everything everything() const;
  static StatusNode subtree(const Everything &all, std::size_t i);
};

StatusBoard::State::Everything StatusBoard::State::everything() const {
  Everything all;
  for (const auto &[collection, members] : objects)
    for (const auto &[key, object] : members)
      if (!is_history(object)) {
        // The same object may come through two collections (one namespace, all namespaces).
        if (all.at.emplace(text(object, "apiVersion") + " " + title_of(object), all.objects.size()).second)
          all.objects.push_back(object);
      }
  all.tree = kubernetes::owner_tree(all.objects);
  return all;
}

StatusNode StatusBoard::State::subtree(const Everything &all, std::size_t i) {
  StatusNode node = node_of(all.objects[i]);
  for (const auto child : all.tree.children[i])
    node.children.push_back(subtree(all, child));
  // What it waits for is often said by what it owns.
  if (node.state == "InProgress" && worst_state(node.children) == "Failed") node.state = "Failed";
  return node;
}

StatusBoard::StatusBoard() : state_(std::make_unique<State>()) {}
StatusBoard::~StatusBoard() = default;
StatusBoard::StatusBoard(StatusBoard &&) noexcept = default;

void StatusBoard::changed(const std::string &collection, std::string_view type, const json &object) {
  const std::string key = namespace_of(object) + "/" + name_of(object);
  if (type == "DELETED")
    state_->objects[collection].erase(key);
  else
    state_->objects[collection][key] = object;
  state_->unreadable.erase(collection);
}

void StatusBoard::unreadable(const std::string &collection, std::string why) {
  state_->unreadable[collection] = std::move(why);
}

std::vector<StatusNode> StatusBoard::tree(const std::vector<Wanted> &wanted) const {
  const State::Everything all = state_->everything();
  std::vector<StatusNode> nodes;
  for (const auto &want : wanted) {
    const auto members = state_->objects.find(want.collection);
    const json *object = nullptr;
    if (members != state_->objects.end())
      if (const auto found = members->second.find(want.ns + "/" + want.name); found != members->second.end())
        object = &found->second;
    if (object) {
      const auto at = all.at.find(text(*object, "apiVersion") + " " + title_of(*object));
      nodes.push_back(at != all.at.end() ? State::subtree(all, at->second) : node_of(*object));
      continue;
    }
    const auto failed = state_->unreadable.find(want.collection);
    if (failed != state_->unreadable.end())
      nodes.push_back({want.title, "Unknown", failed->second, {}});
    else
      nodes.push_back({want.title, "NotFound", want.why, {}});
  }
  return nodes;
}

std::vector<StatusNode> StatusBoard::whole() const {
  const State::Everything all = state_->everything();
  std::vector<std::size_t> roots = all.tree.roots;
  const auto key = [&](std::size_t i) {
    const json &object = all.objects[i];
    return std::tuple(namespace_of(object), text(object, "kind"), name_of(object));
  };
  std::sort(roots.begin(), roots.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  std::vector<StatusNode> nodes;
  for (const auto i : roots)
    nodes.push_back(State::subtree(all, i));
  for (const auto &[collection, why] : state_->unreadable)
    nodes.push_back({collection, "Unknown", why, {}});
  return nodes;
}

} // namespace ksail
