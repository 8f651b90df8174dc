// SPDX-License-Identifier: Apache-2.0
#include "engine_error.hpp"

#include <nlohmann/json.hpp>

namespace ksail::docker {

namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

} // namespace

std::string engine_message(std::string_view body) {
  std::string text;
  const auto answer = nlohmann::json::parse(body, nullptr, false);
  if (answer.is_object())
    if (const auto message = answer.find("message"); message != answer.end() && message->is_string())
      text = message->get<std::string>();
  if (text.empty()) text = body.substr(0, 300);
  for (char &c : text)
    if (c == '\n' || c == '\r') c = ' ';
  while (!text.empty() && (text.back() == ' ' || text.back() == '.'))
    text.pop_back();
  return text;
}

bool is_port_conflict(std::string_view message) {
  if (contains(message, "port is already allocated")) return true;
  // "Address already in use" alone is about a container's fixed address.
  return contains(message, "address already in use") && (contains(message, "listen") || contains(message, "host port"));
}

bool is_range_conflict(std::string_view message) {
  return contains(message, "Pool overlaps") || contains(message, "networks have overlapping") ||
         contains(message, "pool overlap") || contains(message, "conflicts with network");
}

Error engine_error(std::string_view what, int status, std::string_view body) {
  std::string reason = engine_message(body);
  if (reason.empty()) reason = "the Docker engine answered " + std::to_string(status) + " without a reason";
  const std::string message = "cannot " + std::string(what) + ": " + reason;
  if (contains(reason, "no space left on device"))
    return Error(Code::resource_exhausted, message,
                 "free space where the engine keeps its data: `docker system df`, `docker system prune`");
  // Engines before 25 let two networks have one name: then two creations of one cluster run at once, and this one gives
  // way.
  if (contains(reason, "is ambiguous"))
    return Error(Code::already_exists, message, "another creation of this cluster is running; wait until it has ended");
  // Only with cgroup v1: what is frozen cannot die, and a node cannot before all that runs in it. Source:
  // https://www.kernel.org/doc/Documentation/cgroup-v1/freezer-subsystem.txt
  if (contains(reason, "did not receive an exit event"))
    return Error(Code::internal, message,
                 "a process in the container does not die; if its control group is frozen (a pod that was being set up), "
                 "thaw it and repeat: write THAWED to the files freezer.state below /sys/fs/cgroup/freezer/docker/<id of "
                 "the container>, the deepest last");
  if (is_port_conflict(reason))
    return Error(Code::already_exists, message, "stop what uses the port, or choose another one");
  switch (status) {
  case 400:
    return Error(Code::invalid_argument, message);
  case 401:
    return Error(Code::unauthenticated, message);
  case 403:
    return Error(Code::permission_denied, message);
  case 404:
    return Error(Code::not_found, message);
  case 405:
  case 501:
    return Error(Code::unimplemented, message, "Docker Engine 20.10 or newer is needed");
  case 409:
    if (contains(reason, "already in use")) return Error(Code::already_exists, message);
    if (contains(reason, "in progress")) return Error(Code::aborted, message).retry();
    return Error(Code::failed_precondition, message);
  case 413:
    return Error(Code::resource_exhausted, message);
  case 429:
    return Error(Code::resource_exhausted, message).retry(std::chrono::seconds(2));
  case 502:
  case 503:
  case 504: {
    Error error = Error(Code::unavailable, message).retry();
    error.outcome_unknown = status != 503;
    return error;
  }
  default:
    return Error(status >= 500 ? Code::internal : Code::unknown, message);
  }
}

} // namespace ksail::docker
