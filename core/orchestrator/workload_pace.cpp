// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_pace.hpp"

#include <algorithm>

namespace ksail {

Pace::Pace(asio::any_io_executor ex, std::size_t limit)
    : executor_(std::move(ex)), most_(std::max<std::size_t>(limit, 1)), limit_(most_) {}

void Pace::spread(std::chrono::nanoseconds over) {
  first_at_ = Clock::now();
  apart_ = over / static_cast<std::chrono::nanoseconds::rep>(most_);
  spread_ = entered_ + most_;
}

/// Waits for it; false when cancelled.
asio::awaitable<bool> Pace::own_time() {
  const std::size_t number = entered_++;
  if (number >= spread_) co_return true;
  const auto before = static_cast<std::chrono::nanoseconds::rep>(number - (spread_ - most_));
  const auto left = first_at_ + before * apart_ - Clock::now();
  if (left <= left.zero()) co_return true;
  const bool slept = co_await sleep_for(left);
  co_return slept;
}

asio::awaitable<Result<Pace::Slot>> Pace::enter() {
  const bool due = co_await own_time();
  if (!due) co_return Error(Code::cancelled, "cancelled while waiting for its turn");
  while (in_flight_ >= limit_) {
    Event turn(executor_);
    waiting_.push_back(&turn);
    const bool mine = co_await turn.wait();
    waiting_.remove(&turn);
    if (!mine) {
      wake(); // whoever woke us meant one of us
      co_return Error(Code::cancelled, "cancelled while waiting for its turn");
    }
  }
  ++in_flight_;
  co_return Slot(*this);
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

void Pace::answered() {
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
