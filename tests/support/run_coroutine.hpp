// SPDX-License-Identifier: Apache-2.0
// Runs one coroutine to its end on an io_context that nobody else runs.
#pragma once

#include <ksail/sdk/async.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <functional>
#include <optional>

namespace ksail::test {

/// What is emitted on `interrupt`'s signal cancels it.
template <class T>
Result<T> run(asio::io_context &io, std::function<asio::awaitable<Result<T>>()> work,
              asio::cancellation_slot interrupt = {}) {
  std::optional<Result<T>> result;
  std::exception_ptr thrown;
  auto ended = [&](std::exception_ptr e, Result<T> r) {
    thrown = e;
    result.emplace(std::move(r));
  };
  asio::co_spawn(io, work(), asio::bind_cancellation_slot(interrupt, std::move(ended)));
  io.restart();
  io.run();
  if (thrown) std::rethrow_exception(thrown);
  return std::move(*result);
}

} // namespace ksail::test
