// SPDX-License-Identifier: Apache-2.0
#include "distributions/cluster_watch.hpp"

#include "kubernetes/json_field.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <set>

namespace ksail {

namespace {

using nlohmann::json;

/// Null where it has no such condition.
const json &ready_condition(const json &object) {
  static const json none = nullptr;
  for (const auto &condition : field(field(object, "status"), "conditions"))
    if (text(condition, "type") == "Ready") return condition;
  return none;
}

bool is_ready(const json &object) { return text(ready_condition(object), "status") == "True"; }

} // namespace

asio::awaitable<Result<void>> wait_for_nodes(kubernetes::Client &client, BootstrapContext &context, NodeWait wait) {
  std::set<std::string> waiting(wait.names.begin(), wait.names.end());
  const auto total = waiting.size();
  std::map<std::string, std::string> reasons;
  const auto on_state = [&](std::string_view type, const json &node) {
    if (type == "SYNCED") return waiting.empty();
    const std::string name = text(field(node, "metadata"), "name");
    const bool registered = !wait.registered || wait.registered(node);
    if (type != "DELETED" && (wait.only_registered ? registered : is_ready(node))) waiting.erase(name);
    if (wait.with_reasons && ready_condition(node).is_object()) reasons[name] = text(ready_condition(node), "message");
    context.progress("nodes-ready", std::to_string(total - waiting.size()) + " of " + std::to_string(total));
    return waiting.empty();
  };
  Result<void> watched = co_await client.watch("/api/v1/nodes", "", on_state, context.deadline());
  if (watched || watched.error().code != Code::deadline_exceeded) co_return watched;
  Error error = watched.error();
  error.message =
      std::string("not every node ") + (wait.only_registered ? "registered" : "became Ready") + " in time; missing:";
  for (const auto &name : waiting) {
    error.message += " " + name;
    if (const auto reason = reasons.find(name); reason != reasons.end()) error.message += " (" + reason->second + ")";
  }
  co_return error;
}

asio::awaitable<Result<void>> wait_for_api_servers(kubernetes::Client &client, BootstrapContext &context,
                                                   std::vector<std::pair<std::string, std::string>> machines) {
  const auto total = machines.size();
  const auto on_state = [&](std::string_view type, const json &slice) {
    if (type == "SYNCED") return machines.empty();
    for (const auto &endpoint : field(slice, "endpoints"))
      for (const auto &address : field(endpoint, "addresses"))
        std::erase_if(machines, [&](const auto &machine) { return address == machine.second; });
    context.progress("control-planes", std::to_string(total - machines.size()) + " of " + std::to_string(total));
    return machines.empty();
  };
  Result<void> watched =
      co_await client.watch("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
                            "labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes", on_state, context.deadline());
  if (watched || watched.error().code != Code::deadline_exceeded) co_return watched;
  Error error = watched.error();
  error.message = "not every API server answered in time; missing:";
  for (const auto &machine : machines)
    error.message += " " + machine.first;
  co_return error;
}

asio::awaitable<Result<std::string>> wait_for_dns_pod(kubernetes::Client &client, BootstrapContext &context) {
  std::optional<std::string> node;
  const auto on_state = [&](std::string_view type, const json &pod) {
    if (type != "DELETED" && is_ready(pod)) node = text(field(pod, "spec"), "nodeName");
    return node.has_value();
  };
  Result<void> watched = co_await client.watch("/api/v1/namespaces/kube-system/pods",
                                               "labelSelector=k8s-app%3Dkube-dns", on_state, context.deadline());
  if (watched) co_return *node;
  Error error = watched.error();
  if (error.code == Code::deadline_exceeded) error.message = "no pod of the cluster's DNS became Ready in time";
  co_return error;
}

} // namespace ksail
