// SPDX-License-Identifier: Apache-2.0
#include "container_creation.hpp"

#include <algorithm>
#include <optional>

namespace ksail::docker {

namespace {

/// An engine that fills a volume from a large image on a slow disk takes long, but not this long.
constexpr std::chrono::minutes longest_creation{3};

} // namespace

struct ContainerCreations::Pending {
  explicit Pending(asio::any_io_executor ex) : ended(std::move(ex)) {}
  Event ended;
  std::optional<Result<http::Response>> answer;
};

asio::awaitable<Result<void>> ContainerCreations::perform(Engine &engine, EngineCall call,
                                                          std::shared_ptr<Pending> pending) {
  auto answer = co_await engine.send(std::move(call), Deadline::after(longest_creation));
  pending->answer.emplace(std::move(answer));
  pending->ended.set();
  co_return Result<void>();
}

asio::awaitable<Result<http::Response>> ContainerCreations::create(std::string cluster, std::string name,
                                                                   nlohmann::json body) {
  std::erase_if(pending_, [](const auto &entry) { return entry.second->ended.is_set(); });
  auto pending = std::make_shared<Pending>(engine_.executor());
  pending_.emplace(cluster, pending);
  EngineCall call("POST", "/containers/create?name=" + http::encode_component(name), "create node " + name, body);
  // Only an exception of ours can end it without an answer: waiters must not hang for it.
  spawn_logged(engine_.executor(), perform(engine_, std::move(call), pending), [pending](const Error &error) {
    pending->answer.emplace(error);
    pending->ended.set();
  });
  const bool ended = co_await pending->ended.wait();
  if (!ended) {
    Error error(Code::cancelled, "creating node " + name + " was cancelled");
    error.outcome_unknown = true;
    co_return error;
  }
  co_return std::move(*pending->answer);
}

asio::awaitable<void> ContainerCreations::settle(std::string cluster, Deadline deadline) {
  const auto [first, last] = pending_.equal_range(cluster);
  std::vector<std::shared_ptr<Pending>> waiting;
  for (auto entry = first; entry != last; ++entry)
    waiting.push_back(entry->second);
  for (const auto &pending : waiting) {
    auto wait = [](std::shared_ptr<Pending> one) -> asio::awaitable<Result<void>> {
      co_await one->ended.wait();
      co_return Result<void>();
    };
    auto waited = co_await with_deadline(wait(pending), deadline, "waiting for a container to be created");
    if (!waited) break;
  }
}

} // namespace ksail::docker
