// SPDX-License-Identifier: Apache-2.0
// Runs coroutines of a test on one io_context, and fails the test when one of them hangs.
#pragma once

#include <ksail/sdk/async.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>

namespace ksail::test {

/// Late enough for a busy machine, and early enough for a test that hangs.
inline Deadline soon() { return Deadline::after(std::chrono::seconds(30)); }

class Loop {
public:
  asio::io_context io;

  asio::any_io_executor executor() { return io.get_executor(); }

  /// Runs until `work` has ended; its exception (of a REQUIRE, say) becomes the caller's.
  template <class T> T run(asio::awaitable<T> work) {
    std::optional<T> result;
    std::exception_ptr thrown;
    bool ended = false;
    asio::co_spawn(io, store(std::move(work), result), [&](std::exception_ptr e) {
      thrown = e;
      ended = true;
    });
    run_until(ended);
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*result);
  }
  void run(asio::awaitable<void> work) {
    std::exception_ptr thrown;
    bool ended = false;
    asio::co_spawn(io, std::move(work), [&](std::exception_ptr e) {
      thrown = e;
      ended = true;
    });
    run_until(ended);
    if (thrown) std::rethrow_exception(thrown);
  }
  /// Runs what is ready now, and what becomes ready by that.
  void settle() {
    io.restart();
    while (io.poll() > 0) {
    }
  }
  void run_until(const bool &condition) {
    const auto limit = Clock::now() + std::chrono::seconds(60);
    io.restart();
    while (!condition) {
      if (io.run_one_until(limit) == 0)
        throw std::runtime_error(Clock::now() >= limit ? "the test hangs" : "the test waits for nothing");
    }
  }

private:
  template <class T> static asio::awaitable<void> store(asio::awaitable<T> work, std::optional<T> &result) {
    result.emplace(co_await std::move(work));
  }
};

} // namespace ksail::test
