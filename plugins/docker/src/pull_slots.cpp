// SPDX-License-Identifier: Apache-2.0
#include "pull_slots.hpp"

namespace ksail::docker {

asio::awaitable<Result<PullSlots::Slot>> PullSlots::take() {
  if (free_ > 0) {
    --free_;
    co_return Slot(*this);
  }
  Event turn(executor_);
  waiting_.push_back(&turn);
  const bool waited = co_await turn.wait();
  if (turn.is_set()) {
    // It is this one's now, also when it came together with the cancellation.
    Slot slot(*this);
    if (waited) co_return std::move(slot);
  } else
    waiting_.remove(&turn);
  co_return Error(Code::cancelled, "cancelled while waiting for other pulls");
}

void PullSlots::give_back() {
  if (waiting_.empty()) {
    ++free_;
    return;
  }
  Event *next = waiting_.front();
  waiting_.pop_front();
  next->set();
}

} // namespace ksail::docker
