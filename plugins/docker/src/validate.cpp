// SPDX-License-Identifier: Apache-2.0
#include "host_facts.hpp"
#include "node_view.hpp"
#include "request_body.hpp"
#include "verbs.hpp"

#include <algorithm>

namespace ksail::docker {

VerbResult validate(Verbs &verbs, Request request, Context &context) {
  using nlohmann::json;
  auto cluster = optional_text(request, "cluster");
  if (!cluster) co_return cluster.error();
  if (!cluster->empty())
    if (auto checked = required_cluster(request); !checked) co_return checked.error();
  json info, listed = json::array();
  std::vector<std::function<asio::awaitable<Result<void>>()>> questions;
  questions.push_back([&]() -> asio::awaitable<Result<void>> {
    co_await asio::this_coro::throw_if_cancelled(false);
    EngineCall call("GET", "/info", "ask the Docker engine about its host");
    auto answer = co_await verbs.engine.require_json(std::move(call), context.deadline());
    if (!answer) co_return answer.error();
    info = std::move(*answer);
    co_return Result<void>();
  });
  if (!cluster->empty())
    questions.push_back([&]() -> asio::awaitable<Result<void>> {
      co_await asio::this_coro::throw_if_cancelled(false);
      auto answer = co_await list_containers(verbs.engine, *cluster, json::object(), context.deadline());
      if (!answer) co_return answer.error();
      listed = std::move(*answer);
      co_return Result<void>();
    });
  ForEachOptions at_once;
  auto asked = co_await run_all(std::move(questions), at_once);
  if (!asked) {
    // Both questions fail alike when the engine is down: one answer is enough.
    Error error = asked.error();
    std::erase_if(error.causes, [&](const Error &cause) { return cause.message == error.message; });
    co_return error;
  }
  Reply reply;
  reply.body["host"] = host_facts(info, verbs.engine.api_version());
  reply.body["warnings"] = host_warnings(info);
  auto &nodes = reply.body["nodes"] = json::array();
  for (const auto &entry : listed)
    nodes.push_back(entry_name(entry));
  co_return reply;
}

} // namespace ksail::docker
