// SPDX-License-Identifier: Apache-2.0
// stats: one sample per running node, all at once.
#include "node_view.hpp"
#include "request_body.hpp"
#include "verbs.hpp"

namespace ksail::docker {

namespace {

using nlohmann::json;

std::uint64_t number_at(const json &object, const char *pointer) {
  const json::json_pointer place(pointer);
  if (!object.is_object() || !object.contains(place) || !object[place].is_number()) return 0;
  return object[place].get<std::uint64_t>();
}

/// Memory without the page cache that the kernel would give back at once, as `docker stats` counts it.
std::uint64_t memory_in_use(const json &sample) {
  const auto usage = number_at(sample, "/memory_stats/usage");
  auto cache = number_at(sample, "/memory_stats/stats/total_inactive_file"); // cgroup v1
  if (cache == 0) cache = number_at(sample, "/memory_stats/stats/inactive_file");
  return cache < usage ? usage - cache : usage;
}

json view_of(const std::string &name, const json &sample) {
  return {{"name", name},
          {"cpu_ns_total", number_at(sample, "/cpu_stats/cpu_usage/total_usage")},
          {"system_ns", number_at(sample, "/cpu_stats/system_cpu_usage")},
          {"memory_bytes", memory_in_use(sample)},
          {"memory_limit_bytes", number_at(sample, "/memory_stats/limit")},
          {"pids", number_at(sample, "/pids_stats/current")}};
}

asio::awaitable<Result<void>> sample(Engine &engine, std::string id, std::string name, json &target,
                                     Deadline deadline) {
  co_await asio::this_coro::throw_if_cancelled(false);
  EngineCall call("GET", "/containers/" + id + "/stats?stream=false&one-shot=true", "measure node " + name);
  auto answer = co_await engine.require_json(std::move(call), deadline);
  if (answer)
    target = view_of(name, *answer);
  else if (answer.error().code != Code::not_found) // gone meanwhile: no longer among the running ones
    co_return answer.error();
  co_return Result<void>();
}

} // namespace

VerbResult stats(Verbs &verbs, Request request, Context &context) {
  auto cluster = required_cluster(request);
  if (!cluster) co_return cluster.error();
  auto listed = co_await list_containers(verbs.engine, *cluster, json::object(), context.deadline());
  if (!listed) co_return listed.error();
  std::vector<json> samples(listed->size());
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (std::size_t i = 0; i < listed->size(); ++i) {
    const json &entry = (*listed)[i];
    if (entry.value("State", std::string()) != "running") continue;
    const std::string id = entry.value("Id", std::string());
    const std::string name = entry_name(entry);
    work.push_back([&verbs, &context, &target = samples[i], id, name] {
      return sample(verbs.engine, id, name, target, context.deadline());
    });
  }
  ForEachOptions at_once;
  auto measured = co_await run_all(std::move(work), at_once);
  if (!measured) co_return measured.error();
  Reply reply;
  auto &nodes = reply.body["nodes"] = json::array();
  for (auto &entry : samples)
    if (!entry.is_null()) nodes.push_back(std::move(entry));
  co_return reply;
}

} // namespace ksail::docker
