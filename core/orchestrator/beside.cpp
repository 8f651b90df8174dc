// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/beside.hpp"

#include <vector>

namespace ksail {

asio::awaitable<Result<void>> run_beside(std::function<asio::awaitable<Result<void>>()> work,
                                         std::function<asio::awaitable<Result<void>>()> companion) {
  Result<void> result;
  std::vector<std::function<asio::awaitable<Result<void>>()>> both;
  both.push_back([&]() -> asio::awaitable<Result<void>> {
    result = co_await work();
    co_return Error(Code::cancelled, "there is nothing left to accompany"); // cancels the other
  });
  both.push_back([&]() -> asio::awaitable<Result<void>> {
    auto ended = co_await companion();
    static_cast<void>(ended);
    co_return Result<void>();
  });
  ForEachOptions until_the_first_ends;
  auto over = co_await run_all(std::move(both), until_the_first_ends);
  static_cast<void>(over);
  co_return result;
}

} // namespace ksail
