// SPDX-License-Identifier: Apache-2.0
#include "engine_event.hpp"
#include "labels.hpp"
#include "request_body.hpp"
#include "verbs.hpp"

#include <cstdlib>

namespace ksail::docker {

using nlohmann::json;

std::optional<json> node_event(std::string_view line) {
  const json event = json::parse(line, nullptr, false);
  if (!event.is_object() || event.value("Type", std::string()) != "container") return std::nullopt;
  std::string action = event.value("Action", std::string());
  std::string health;
  if (const auto colon = action.find(':'); colon != std::string::npos) {
    health = action.substr(std::min(action.size(), colon + 2));
    action.resize(colon);
  }
  static constexpr std::string_view news[] = {"create", "start", "restart", "die",     "stop",         "kill",
                                              "oom",    "pause", "unpause", "destroy", "health_status"};
  if (std::find(std::begin(news), std::end(news), action) == std::end(news)) return std::nullopt;
  const json::json_pointer place("/Actor/Attributes");
  const json attributes = event.contains(place) && event[place].is_object() ? event[place] : json(json::object());
  json result = {{"event", "node"}, {"name", attributes.value("name", std::string())}, {"action", action}};
  if (!health.empty()) result["health"] = health;
  if (const auto code = attributes.find("exitCode"); code != attributes.end() && code->is_string())
    result["exit_code"] = std::atoi(code->get_ref<const std::string &>().c_str());
  return result;
}

VerbResult watch(Verbs &verbs, Request request, Context &context) {
  auto cluster = required_cluster(request);
  if (!cluster) co_return cluster.error();
  const json filters = {{"type", {"container"}}, {"label", {cluster_label + ("=" + *cluster)}}};
  EngineCall call("GET", "/events?filters=" + http::encode_component(filters.dump()),
                  "watch the nodes of cluster '" + *cluster + "'");
  auto stream = co_await verbs.engine.open(std::move(call), context.deadline());
  if (!stream) {
    if (stream.error().code == Code::cancelled) co_return Reply();
    co_return stream.error();
  }
  for (;;) {
    auto line = co_await (*stream)->read_line(context.deadline());
    if (!line) {
      if (line.error().code == Code::cancelled) co_return Reply();
      Error error = line.error();
      co_return std::move(error).in("cannot watch the nodes of cluster '" + *cluster + "'").retry();
    }
    if (!*line) {
      Error ended(Code::unavailable,
                  "cannot watch the nodes of cluster '" + *cluster + "': the engine ended its events");
      co_return std::move(ended).retry();
    }
    if (auto event = node_event(**line)) context.event(*event);
  }
}

} // namespace ksail::docker
