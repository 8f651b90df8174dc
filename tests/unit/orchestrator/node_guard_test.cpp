// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/node_guard.hpp"
#include "run_coroutine.hpp"

#include <boost/asio/co_spawn.hpp>

#include <catch2/catch.hpp>

using namespace ksail;
using namespace std::chrono_literals;

namespace {

/// A provider whose watch tells of one death when it is told to.
struct WatchedProvider final : plugins::Provider {
  explicit WatchedProvider(asio::any_io_executor ex) : death(ex) {}
  Event death;
  bool watching = false;
  std::string_view id() const override { return "watched"; }
  asio::awaitable<Result<plugins::Reply>> call(std::string verb, nlohmann::json body, std::vector<plugins::Blob>,
                                               Deadline, plugins::EventHandler on_event) override {
    if (verb != "watch" || body.value("cluster", "") != "dev") co_return Error(Code::unimplemented, verb);
    watching = true;
    const bool told = co_await death.wait();
    if (!told) co_return Error(Code::cancelled, "cancelled");
    const nlohmann::json event = {{"event", "node"}, {"name", "dev-worker"}, {"action", "die"}, {"exit_code", 137}};
    on_event(event, {});
    Event never(death_executor);
    co_await never.wait();
    co_return Error(Code::cancelled, "cancelled");
  }
  asio::any_io_executor death_executor;
};

struct LastLines final : NodeAccess {
  asio::awaitable<Result<ExecOutput>> exec(std::string, std::vector<std::string>, std::string, Deadline) override {
    co_return Error(Code::unimplemented, "exec");
  }
  asio::awaitable<Result<std::string>> copy_from(std::string, std::string, Deadline) override {
    co_return Error(Code::unimplemented, "copy_from");
  }
  asio::awaitable<Result<std::string>> log_tail(std::string node, unsigned, Deadline) override {
    co_return node + " says: out of luck\n";
  }
};

using Work = std::function<asio::awaitable<Result<void>>(WatchedProvider &)>;

Result<void> guarded(const Work &work) {
  asio::io_context io;
  WatchedProvider provider(io.get_executor());
  provider.death_executor = io.get_executor();
  LastLines access;
  NodeGuard guard(provider, access, "dev", io.get_executor());
  return test::run<void>(io, [&] { return guard.run([&] { return work(provider); }); });
}

asio::awaitable<Result<void>> wait_long(WatchedProvider &) {
  const bool waited = co_await sleep_for(60s);
  if (!waited) co_return Error(Code::cancelled, "cancelled");
  co_return Result<void>();
}

} // namespace

TEST_CASE("work that nothing disturbs is left alone") {
  CHECK(guarded([](WatchedProvider &) -> asio::awaitable<Result<void>> { co_return Result<void>(); }));
}

TEST_CASE("a node that dies ends the work, and is told with its last lines") {
  const auto begin = Clock::now();
  const auto result = guarded([](WatchedProvider &provider) -> asio::awaitable<Result<void>> {
    co_await sleep_for(20ms);
    provider.death.set();
    auto result = co_await wait_long(provider);
    co_return result;
  });
  REQUIRE_FALSE(result);
  CHECK(Clock::now() - begin < 30s);
  CHECK(result.error().message.find("node dev-worker stopped") != std::string::npos);
  CHECK(result.error().message.find("exit code 137") != std::string::npos);
  CHECK(result.error().message.find("dev-worker says: out of luck") != std::string::npos);
  CHECK(result.error().causes.empty());
}

TEST_CASE("what failed because its node died is a cause of that death's report") {
  const auto result = guarded([](WatchedProvider &provider) -> asio::awaitable<Result<void>> {
    co_await sleep_for(20ms);
    // The news travels while the step already knows that its command was lost.
    asio::co_spawn(
        provider.death_executor,
        [&provider]() -> asio::awaitable<void> {
          co_await sleep_for(50ms);
          provider.death.set();
        },
        [](std::exception_ptr) {});
    co_return Error(Code::failed_precondition, "the script ended with exit code 137");
  });
  REQUIRE_FALSE(result);
  CHECK(result.error().message.find("node dev-worker stopped") != std::string::npos);
  REQUIRE(result.error().causes.size() == 1);
  CHECK(result.error().causes[0].message == "the script ended with exit code 137");
}

TEST_CASE("a failure without a death is told as it is") {
  const auto result = guarded([](WatchedProvider &provider) -> asio::awaitable<Result<void>> {
    co_await sleep_for(20ms);
    CHECK(provider.watching);
    co_return Error(Code::unavailable, "no luck");
  });
  REQUIRE_FALSE(result);
  CHECK(result.error().message == "no luck");
  CHECK(result.error().causes.empty());
}
