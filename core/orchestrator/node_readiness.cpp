// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/node_readiness.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>

namespace ksail {

std::int64_t parse_rfc3339(std::string_view text) {
  int year = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2u:%2u:%2u", &year, &month, &day, &hour, &minute, &second) != 6) return 0;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return 0;
  const auto at = std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
                  std::chrono::seconds{second};
  return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

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
      result.heartbeat_unix = parse_rfc3339(beat->get<std::string>());
    result.reason.clear();
    if (!result.ready) {
      result.reason = condition.value("message", std::string());
      if (result.reason.empty()) result.reason = condition.value("reason", std::string("not ready"));
    }
  }
  return result;
}

} // namespace ksail
