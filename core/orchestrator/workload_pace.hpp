// SPDX-License-Identifier: Apache-2.0
// How many requests are in flight: as many as asked for, fewer when the server says it is too many.
#pragma once

#include <ksail/sdk/async.hpp>

#include <cstddef>
#include <list>

namespace ksail {

/// Additive increase, multiplicative decrease: 429 halves the limit (once per limit's worth of answers), a limit's
/// worth of good answers raises it by one, up to where it began. On one executor.
class Pace {
public:
  Pace(asio::any_io_executor ex, std::size_t limit);

  /// A place among those in flight, given back when it is destroyed.
  class Slot {
  public:
    explicit Slot(Pace &pace) : pace_(&pace) {}
    Slot(Slot &&other) noexcept : pace_(std::exchange(other.pace_, nullptr)) {}
    Slot &operator=(Slot &&) = delete;
    ~Slot() {
      if (pace_) pace_->leave();
    }

  private:
    Pace *pace_;
  };

  /// The first requests, as many as may be in flight, begin evenly over this time from now on instead of all at once. A
  /// server works on what comes together side by side and answers it together; over a network it would then wait for
  /// the next ones as long as these are on their way, turn after turn. What begins apart stays apart.
  void spread(std::chrono::nanoseconds over);

  asio::awaitable<Result<Slot>> enter(); ///< cancelled when the caller is
  void answered();                       ///< well, or with a failure that is the object's own
  void throttled();                      ///< with 429
  std::size_t limit() const { return limit_; }
  std::size_t in_flight() const { return in_flight_; }

private:
  void leave();
  void wake();
  asio::awaitable<bool> own_time();

  asio::any_io_executor executor_;
  std::size_t most_, limit_, in_flight_ = 0;
  std::size_t good_ = 0;   ///< answers since the limit last changed
  std::size_t ignore_ = 0; ///< answers to requests that were sent before the limit was cut
  std::list<Event *> waiting_;
  Clock::time_point first_at_{};      ///< when the first of those that are spread begins
  std::chrono::nanoseconds apart_{0}; ///< each from the one before
  std::size_t entered_ = 0;           ///< how many have come
  std::size_t spread_ = 0;            ///< the number of the first that is not spread
};

} // namespace ksail
