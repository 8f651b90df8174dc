// SPDX-License-Identifier: Apache-2.0
// When to try again: 100 ms doubling to 5 s, with jitter, never past the deadline and never earlier than the other side
// asked.
#pragma once

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <random>

namespace ksail {

/// Pure: the clock is an argument and the jitter source is given, so that tests decide both.
class Backoff {
public:
  using Jitter = std::function<double()>; ///< uniform in [0, 1)

  static constexpr std::chrono::milliseconds first_delay{100};
  static constexpr std::chrono::milliseconds longest_delay{5000};

  explicit Backoff(Jitter jitter) : jitter_(std::move(jitter)) {}

  /// Delay before the next attempt after `error`, or nothing when it must not be repeated: it is not marked retryable,
  /// or the attempt would start after the deadline. Half of each step is fixed and half is drawn, so that attempts
  /// neither come too early nor in lockstep.
  std::optional<std::chrono::milliseconds> next(const Error &error, Clock::time_point now, Deadline deadline);
  unsigned attempts() const { return attempts_; }

private:
  Jitter jitter_;
  std::chrono::milliseconds step_ = first_delay;
  unsigned attempts_ = 0;
};

/// A jitter source of its own, seeded from the system.
Backoff::Jitter random_jitter();

/// Runs `attempt` until it succeeds, fails for good, or the deadline comes too near. `before_repeat` runs before each
/// repetition (after an unknown outcome it observes what is there). The last failure is returned.
template <class T>
asio::awaitable<Result<T>> with_retry(std::function<asio::awaitable<Result<T>>()> attempt,
                                      std::function<asio::awaitable<Result<void>>(const Error &)> before_repeat,
                                      Backoff backoff, Deadline deadline) {
  for (;;) {
    Result<T> result = co_await attempt();
    if (result) co_return result;
    const Error error = result.error();
    const auto delay = backoff.next(error, Clock::now(), deadline);
    if (!delay) co_return result;
    const bool slept = co_await sleep_for(*delay);
    if (!slept) co_return Error(Code::cancelled, "cancelled while waiting to repeat: " + error.message);
    if (before_repeat) {
      Result<void> looked = co_await before_repeat(error);
      if (!looked) co_return looked.error();
    }
  }
}

} // namespace ksail
