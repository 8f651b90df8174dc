// SPDX-License-Identifier: Apache-2.0
// The few coroutine building blocks everything asynchronous here is made of.
//
// House rules: never `a || timer` on awaitables (an early failure waits out the timer); a full expression with
// co_await holds no braces and no capturing lambda; prepare values in locals first.
#pragma once

#include <ksail/sdk/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ksail {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock; ///< of every deadline

/// A point on the monotonic clock by which something must have ended; may be "never".
class Deadline {
public:
  Deadline() = default; ///< never
  explicit Deadline(Clock::time_point at) : at_(at) {}
  static Deadline after(std::chrono::nanoseconds d) {
    return Deadline(Clock::now() + std::chrono::duration_cast<Clock::duration>(d));
  }
  static Deadline never() { return {}; }
  bool is_never() const { return !at_; }
  Clock::time_point at() const { return at_ ? *at_ : Clock::time_point::max(); }
  bool passed() const { return at_ && Clock::now() >= *at_; }
  /// Remaining time, at least 0; a very long time when never.
  std::chrono::nanoseconds remaining() const;
  /// The earlier of the two.
  Deadline min(Deadline other) const { return at() <= other.at() ? *this : other; }

private:
  std::optional<Clock::time_point> at_;
};

/// Runs `work` and cancels it when the deadline passes; the failure then is deadline_exceeded and names `what`.
/// Cancelling the caller cancels `work`. Returns as soon as `work` ends, and never before. An exception of `work` becomes
/// internal, operation_aborted becomes cancelled. Single-threaded executor (or strand) required.
template <class T> asio::awaitable<Result<T>> with_deadline(asio::awaitable<Result<T>> work, Deadline deadline, std::string what);

/// Runs all of `work` with at most `limit` in flight and waits for all of them, also after cancellation. When some fail,
/// the result carries every failure (one: itself; several: the first, with the others in causes; retryable if all are,
/// outcome_unknown if one is). With stop_on_failure the rest is cancelled when the first fails, and what was only
/// cancelled for that reason is not reported.
struct ForEachOptions {
  std::size_t limit = 0; ///< 0: no limit
  bool stop_on_failure = true;
};
asio::awaitable<Result<void>> run_all(std::vector<std::function<asio::awaitable<Result<void>>()>> work, ForEachOptions options);

/// Waits; ends early with false when cancelled.
asio::awaitable<bool> sleep_for(std::chrono::nanoseconds d);

/// Starts `work` on `ex`; a failure or exception of it is handed to `report` instead of being lost.
void spawn_logged(asio::any_io_executor ex, asio::awaitable<Result<void>> work, std::function<void(const Error &)> report);

/// One-shot event that many coroutines on one executor may wait for. Destroying it ends their waiting, with false.
class Event {
public:
  explicit Event(asio::any_io_executor ex);
  ~Event();
  Event(Event &&) noexcept;
  Event &operator=(Event &&) noexcept;
  void set(); ///< idempotent; on the executor's thread
  bool is_set() const;
  asio::awaitable<bool> wait(); ///< false when cancelled

private:
  struct State;
  std::shared_ptr<State> state_;
};

} // namespace ksail

#include <ksail/sdk/detail/async_impl.hpp>
