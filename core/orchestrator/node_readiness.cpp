// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/node_readiness.hpp"

#include "kubernetes/time_text.hpp"

#include <nlohmann/json.hpp>

namespace ksail {

NodeReadiness node_readiness(const nlohmann::json &node) {
  NodeReadiness result;
  result.reason = "its kubelet has not reported yet";
  if (!node.is_object()) return result;
  if (node.contains("metadata")) result.name = node["metadata"].value("name", std::string());
  if (!node.contains("status")) return result;
  const auto &status = node["status"];
  if (status.contains("nodeInfo")) result.kubelet_version = status["nodeInfo"].value("kubeletVersion", std::string());
  if (!status.contains("conditions") || !status["conditions"].is_array()) return result;
  for (const auto &condition : status["conditions"]) {
    if (condition.value("type", std::string()) != "Ready") continue;
    result.ready = condition.value("status", std::string()) == "True";
    if (const auto beat = condition.find("lastHeartbeatTime"); beat != condition.end() && beat->is_string())
      result.heartbeat_unix = kubernetes::parse_rfc3339_utc(beat->get<std::string>()).value_or(0);
    result.reason.clear();
    if (!result.ready) {
      result.reason = condition.value("message", std::string());
      if (result.reason.empty()) result.reason = condition.value("reason", std::string("not ready"));
    }
  }
  return result;
}

} // namespace ksail
