// SPDX-License-Identifier: Apache-2.0
// How many pulls the engine does at once for this plugin, whoever asked for them.
#pragma once

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <list>
#include <utility>

namespace ksail::docker {

/// Given in the order in which they were asked for. On the plugin's executor.
class PullSlots {
public:
  PullSlots(asio::any_io_executor executor, std::size_t limit) : executor_(std::move(executor)), free_(limit) {}

  /// Held while it lives.
  class Slot {
  public:
    explicit Slot(PullSlots &slots) : slots_(&slots) {}
    Slot(Slot &&other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}
    Slot &operator=(Slot &&) = delete;
    ~Slot() {
      if (slots_) slots_->give_back();
    }

  private:
    PullSlots *slots_;
  };
  /// cancelled when the coroutine is.
  asio::awaitable<Result<Slot>> take();

private:
  void give_back();

  asio::any_io_executor executor_;
  std::size_t free_;
  std::list<Event *> waiting_; ///< each has been given a slot when it is set
};

} // namespace ksail::docker
