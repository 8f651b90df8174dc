// SPDX-License-Identifier: Apache-2.0
// How many requests are in flight: as many as asked for, fewer when the server says it is too many; and in which bursts
// they leave.
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

  /// From now on requests leave in bursts, a quarter of those that may be in flight each quarter of a round trip,
  /// instead of all at once. A server works on what comes together side by side and answers it together; over a network
  /// it would then wait for the next ones as long as these are on their way, turn after turn. (One by one they would
  /// keep it busy with waking up.) `round_trip` is what the caller knows of it; answers that come faster correct it.
  void spread(std::chrono::nanoseconds round_trip);

  asio::awaitable<Result<Slot>> enter(); ///< cancelled when the caller is
  /// Well, or with a failure that is the object's own; so long after it was sent.
  void answered(std::chrono::nanoseconds took);
  void throttled(); ///< with 429
  std::size_t limit() const { return limit_; }
  std::size_t in_flight() const { return in_flight_; }

private:
  void leave();
  void wake();
  Clock::time_point next_place();

  asio::any_io_executor executor_;
  std::size_t most_, limit_, in_flight_ = 0;
  std::size_t good_ = 0;   ///< answers since the limit last changed
  std::size_t ignore_ = 0; ///< answers to requests that were sent before the limit was cut
  std::list<Event *> waiting_;
  std::chrono::nanoseconds round_trip_{0};
  Clock::time_point burst_at_{}; ///< the latest
  std::size_t burst_left_ = 0;   ///< places in it
};

} // namespace ksail
