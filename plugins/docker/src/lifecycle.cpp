// SPDX-License-Identifier: Apache-2.0
// start_nodes and stop_nodes.
#include "engine_error.hpp"
#include "node_view.hpp"
#include "request_body.hpp"
#include "verbs.hpp"

#include <set>

namespace ksail::docker {

namespace {

using nlohmann::json;

struct Target {
  std::string id, name;
};

/// The nodes named in the request, or all; not_found when a named one is not there.
Result<std::vector<Target>> choose(const json &listed, const std::vector<std::string> &names,
                                   const std::string &cluster) {
  std::vector<Target> targets;
  std::set<std::string> missing(names.begin(), names.end());
  for (const auto &entry : listed) {
    Target target;
    target.id = entry.value("Id", std::string());
    target.name = entry_name(entry);
    if (!names.empty() && missing.erase(target.name) == 0) continue;
    targets.push_back(std::move(target));
  }
  if (!missing.empty())
    return Error(Code::not_found, "there is no node '" + *missing.begin() + "' in cluster '" + cluster + "'");
  return targets;
}

/// Runs `path` for every node at once, waits for all of them, and answers with what there is then.
asio::awaitable<Result<Reply>> change_all(Verbs &verbs, Request request, Context &context, std::string path,
                                          std::string verb) {
  auto cluster = required_cluster(request);
  if (!cluster) co_return cluster.error();
  auto names = optional_texts(request, "nodes");
  if (!names) co_return names.error();
  auto listed = co_await list_containers(verbs.engine, *cluster, json::object(), context.deadline());
  if (!listed) co_return listed.error();
  auto targets = choose(*listed, *names, *cluster);
  if (!targets) co_return targets.error();
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (const auto &target : *targets)
    work.push_back([&verbs, &context, &path, &verb, target]() -> asio::awaitable<Result<void>> {
      co_await asio::this_coro::throw_if_cancelled(false);
      const std::string what = verb + " node " + target.name;
      EngineCall call("POST", "/containers/" + target.id + path, what);
      call.repeatable = true; // the engine answers 304
      auto answer = co_await verbs.engine.send(std::move(call), context.deadline());
      if (!answer) co_return answer.error();
      if (answer->status >= 400) co_return engine_error(what, answer->status, answer->body);
      context.event(json{{"event", "node"}, {"name", target.name}, {"state", verb == "start" ? "started" : "stopped"}});
      co_return Result<void>();
    });
  ForEachOptions all_to_the_end;
  all_to_the_end.stop_on_failure = false;
  auto changed = co_await run_all(std::move(work), all_to_the_end);
  if (!changed) co_return changed.error();
  auto after = co_await list_containers(verbs.engine, *cluster, json::object(), context.deadline());
  if (!after) co_return after.error();
  std::set<std::string> wanted;
  for (const auto &target : *targets)
    wanted.insert(target.id);
  Reply reply;
  auto &nodes = reply.body["nodes"] = json::array();
  for (const auto &entry : *after)
    if (wanted.contains(entry.value("Id", std::string()))) nodes.push_back(node_from_list_entry(entry));
  co_return reply;
}

} // namespace

VerbResult start_nodes(Verbs &verbs, Request request, Context &context) {
  auto reply = co_await change_all(verbs, std::move(request), context, "/start", "start");
  co_return std::move(reply);
}

VerbResult stop_nodes(Verbs &verbs, Request request, Context &context) {
  std::int64_t grace = 10;
  if (const auto found = request.body.find("grace_seconds"); found != request.body.end() && !found->is_null()) {
    if (!found->is_number_integer() || found->get<std::int64_t>() < 0)
      co_return Error(Code::invalid_argument,
                      "stop_nodes: member 'grace_seconds' of the request has to be a whole number");
    grace = found->get<std::int64_t>();
  }
  auto reply = co_await change_all(verbs, std::move(request), context, "/stop?t=" + std::to_string(grace), "stop");
  co_return std::move(reply);
}

} // namespace ksail::docker
