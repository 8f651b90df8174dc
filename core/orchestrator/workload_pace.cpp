// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_pace.hpp"

#include <algorithm>

namespace ksail {

namespace {

constexpr std::size_t bursts = 4; ///< in a round trip
constexpr std::chrono::microseconds worth_a_timer(100);

} // namespace

Pace::Pace(asio::any_io_executor ex, std::size_t limit)
    : executor_(std::move(ex)), most_(std::max<std::size_t>(limit, 1)), limit_(most_) {}

void Pace::spread(std::chrono::nanoseconds round_trip) { round_trip_ = round_trip; }

/// A place in a burst that leaves now or later: when.
Clock::time_point Pace::next_place() {
  const auto now = Clock::now();
  const auto apart = round_trip_ / static_cast<std::chrono::nanoseconds::rep>(bursts);
  const bool full = burst_left_ == 0;
  if (full || now > burst_at_ + apart) {
    burst_at_ = full ? std::max(now, burst_at_ + apart) : now;
    burst_left_ = std::max<std::size_t>(most_ / bursts, 1);
  }
  --burst_left_;
  return burst_at_;
}

asio::awaitable<Result<Pace::Slot>> Pace::enter() {
  while (in_flight_ >= limit_) {
    Event turn(executor_);
    waiting_.push_back(&turn);
    const bool mine = co_await turn.wait();
    if (!mine) {
      waiting_.remove(&turn); // who is woken is not there any more
      wake();                 // whoever woke us meant one of us
      co_return Error(Code::cancelled, "cancelled while waiting for its turn");
    }
  }
  ++in_flight_;
  Slot slot(*this);
  const auto left = next_place() - Clock::now();
  if (left > worth_a_timer) {
    const bool due = co_await sleep_for(left);
    if (!due) co_return Error(Code::cancelled, "cancelled while waiting for its turn");
  }
  co_return std::move(slot);
}

void Pace::leave() {
  --in_flight_;
  wake();
}

void Pace::wake() {
  if (in_flight_ >= limit_ || waiting_.empty()) return;
  waiting_.front()->set();
  waiting_.pop_front();
}

void Pace::answered(std::chrono::nanoseconds took) {
  round_trip_ = std::min(round_trip_, took);
  if (ignore_ > 0) --ignore_;
  if (limit_ >= most_ || ++good_ < limit_) return;
  good_ = 0;
  ++limit_;
  wake();
}

void Pace::throttled() {
  if (ignore_ > 0) {
    --ignore_;
    return;
  }
  good_ = 0;
  ignore_ = in_flight_ > 0 ? in_flight_ - 1 : 0;
  limit_ = std::max<std::size_t>(limit_ / 2, 1);
}

} // namespace ksail
