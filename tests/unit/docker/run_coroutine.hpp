// SPDX-License-Identifier: Apache-2.0
// Runs one coroutine to its end on a fresh io_context.
#pragma once

#include <ksail/sdk/async.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <functional>
#include <optional>

namespace ksail::test {

template <class T> Result<T> run(asio::io_context &io, std::function<asio::awaitable<Result<T>>()> work) {
  std::optional<Result<T>> result;
  std::exception_ptr thrown;
  asio::co_spawn(io, work(), [&](std::exception_ptr e, Result<T> r) {
    thrown = e;
    result.emplace(std::move(r));
  });
  io.restart();
  io.run();
  if (thrown) std::rethrow_exception(thrown);
  return std::move(*result);
}

} // namespace ksail::test
