// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "loop.hpp"

namespace ksail::test {

/// Something that runs beside the test and can be cancelled. Must have ended, or the loop be gone, before it goes.
template <class T> struct Running {
  Running(Loop &loop, asio::awaitable<Result<T>> work) {
    auto done = [this](std::exception_ptr thrown, Result<T> value) {
      result.emplace(thrown ? Result<T>(detail::error_of(thrown)) : std::move(value));
      ended = true;
    };
    asio::co_spawn(loop.io, std::move(work), asio::bind_cancellation_slot(signal.slot(), done));
  }
  void cancel() { signal.emit(asio::cancellation_type::terminal); }

  asio::cancellation_signal signal;
  std::optional<Result<T>> result;
  bool ended = false;
};

} // namespace ksail::test
