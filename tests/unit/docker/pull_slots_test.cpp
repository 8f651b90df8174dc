// SPDX-License-Identifier: Apache-2.0
#include "pull_slots.hpp"
#include "run_coroutine.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace ksail;
using docker::PullSlots;
using namespace std::chrono_literals;

TEST_CASE("slots are given in the order in which they are asked for, and never more than there are") {
  asio::io_context io;
  PullSlots slots(io.get_executor(), 3);
  int held = 0, most = 0;
  std::vector<int> order;
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (int i = 0; i < 8; ++i)
    work.push_back([&, i]() -> asio::awaitable<Result<void>> {
      auto slot = co_await slots.take();
      if (!slot) co_return slot.error();
      order.push_back(i);
      most = std::max(most, ++held);
      const bool waited = co_await sleep_for(2ms);
      --held;
      if (!waited) co_return Error(Code::cancelled, "cancelled");
      co_return Result<void>();
    });
  REQUIRE(test::run<void>(io, [&] { return run_all(std::move(work), ForEachOptions()); }));
  CHECK(most == 3);
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("who is cancelled while it waits takes no slot along") {
  asio::io_context io;
  PullSlots slots(io.get_executor(), 1);
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  work.push_back([&]() -> asio::awaitable<Result<void>> {
    auto slot = co_await slots.take();
    const bool waited = co_await sleep_for(2ms);
    if (!slot || !waited) co_return Error(Code::internal, "the first one has to get it");
    co_return Error(Code::aborted, "ends the others"); // gives its slot back while they are being cancelled
  });
  for (int i = 0; i < 3; ++i)
    work.push_back([&]() -> asio::awaitable<Result<void>> {
      auto slot = co_await slots.take();
      if (!slot) co_return slot.error();
      co_return Result<void>();
    });
  const auto ended = test::run<void>(io, [&] { return run_all(std::move(work), ForEachOptions()); });
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == Code::aborted);
  // The one slot is there again.
  const auto again = test::run<void>(io, [&]() -> asio::awaitable<Result<void>> {
    auto slot = co_await slots.take();
    if (!slot) co_return slot.error();
    co_return Result<void>();
  });
  CHECK(again);
}
