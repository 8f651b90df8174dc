// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/node_wait.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace ksail {

asio::awaitable<Result<void>> wait_nodes_ready(kubernetes::Client &client, std::vector<std::string> names,
                                               std::int64_t not_before_unix,
                                               std::function<void(std::size_t ready, std::size_t total)> on_change,
                                               Deadline deadline) {
  std::map<std::string, std::string> waiting; // node -> why
  for (const auto &name : names)
    waiting[name] = "not registered";
  const auto total = waiting.size();
  std::function<bool(std::string_view, const nlohmann::json &)> on_state = [&](std::string_view type,
                                                                               const nlohmann::json &object) {
    if (type == "SYNCED") return waiting.empty();
    const NodeReadiness node = node_readiness(object);
    if (std::find(names.begin(), names.end(), node.name) == names.end()) return false;
    if (type != "DELETED" && node.ready && node.heartbeat_unix >= not_before_unix)
      waiting.erase(node.name);
    else
      waiting[node.name] = type == "DELETED" ? "not registered"
                           : node.ready      ? "its kubelet has not reported since it was started"
                                             : node.reason;
    if (on_change) on_change(total - waiting.size(), total);
    return waiting.empty();
  };
  auto watched = co_await client.watch("/api/v1/nodes", "", on_state, deadline);
  if (watched) co_return Result<void>();
  Error error = watched.error();
  if (error.code != Code::deadline_exceeded || waiting.empty()) co_return error;
  error.message = "not every node became Ready in time:";
  for (const auto &[name, reason] : waiting)
    error.message += "\n  " + name + ": " + reason;
  co_return error;
}

asio::awaitable<Result<void>> wait_nodes_registered(kubernetes::Client &client, std::vector<std::string> names,
                                                    std::function<void(std::size_t there, std::size_t total)> on_change,
                                                    Deadline deadline) {
  std::set<std::string> waiting(names.begin(), names.end());
  const auto total = waiting.size();
  const auto on_state = [&](std::string_view type, const nlohmann::json &object) {
    if (type == "SYNCED") return waiting.empty();
    const NodeReadiness node = node_readiness(object);
    if (type != "DELETED" && !node.kubelet_version.empty()) waiting.erase(node.name);
    if (on_change) on_change(total - waiting.size(), total);
    return waiting.empty();
  };
  auto watched = co_await client.watch("/api/v1/nodes", "", on_state, deadline);
  if (watched || watched.error().code != Code::deadline_exceeded) co_return watched;
  Error error = watched.error();
  error.message = "not every node registered in time; missing:";
  for (const auto &name : waiting)
    error.message += " " + name;
  co_return error;
}

} // namespace ksail
