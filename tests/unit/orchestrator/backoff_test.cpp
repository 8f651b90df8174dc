// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/backoff.hpp"
#include "run_coroutine.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace std::chrono_literals;

namespace {
Error retryable(std::chrono::milliseconds after = 0ms) { return Error(Code::unavailable, "busy").retry(after); }
Backoff::Jitter always(double value) {
  return [value] { return value; };
}
} // namespace

TEST_CASE("delays double from 100 ms to 5 s and stay there") {
  Backoff longest(always(1.0));
  Backoff shortest(always(0.0));
  const auto now = Clock::time_point{};
  std::vector<long> upper, lower;
  for (int i = 0; i < 8; ++i) {
    upper.push_back(longest.next(retryable(), now, Deadline::never())->count());
    lower.push_back(shortest.next(retryable(), now, Deadline::never())->count());
  }
  CHECK(upper == std::vector<long>{100, 200, 400, 800, 1600, 3200, 5000, 5000});
  CHECK(lower == std::vector<long>{50, 100, 200, 400, 800, 1600, 2500, 2500});
}

TEST_CASE("what is not marked retryable is never repeated") {
  Backoff backoff(always(0.5));
  CHECK_FALSE(backoff.next(Error(Code::unavailable, "gone"), Clock::time_point{}, Deadline::never()));
  CHECK(backoff.attempts() == 0);
}

TEST_CASE("the other side's Retry-After is respected") {
  Backoff backoff(always(0.0));
  CHECK(backoff.next(retryable(3s), Clock::time_point{}, Deadline::never()) == 3s);
}

TEST_CASE("an attempt that would start after the deadline is not made") {
  Backoff backoff(always(1.0));
  const auto now = Clock::time_point{} + 1h;
  CHECK_FALSE(backoff.next(retryable(), now, Deadline(now + 100ms)));
  CHECK(backoff.next(retryable(), now, Deadline(now + 101ms)));
}

TEST_CASE("with_retry repeats until it succeeds and looks before it repeats an unknown outcome") {
  asio::io_context io;
  int attempts = 0, looks = 0;
  std::function<asio::awaitable<Result<int>>()> attempt = [&]() -> asio::awaitable<Result<int>> {
    if (++attempts < 3) {
      Error error = retryable();
      error.outcome_unknown = attempts == 2;
      co_return error;
    }
    co_return attempts;
  };
  std::function<asio::awaitable<Result<void>>(const Error &)> look =
      [&](const Error &e) -> asio::awaitable<Result<void>> {
    if (e.outcome_unknown) ++looks;
    co_return Result<void>();
  };
  auto result =
      test::run<int>(io, [&] { return with_retry<int>(attempt, look, Backoff(always(0.0)), Deadline::never()); });
  REQUIRE(result);
  CHECK(*result == 3);
  CHECK(looks == 1);
}
