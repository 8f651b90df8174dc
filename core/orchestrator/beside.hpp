// SPDX-License-Identifier: Apache-2.0
// Work that accompanies other work and has no say in how that ends.
#pragma once

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <functional>

namespace ksail {

/// Returns what `work` returns. `companion` is cancelled when `work` has ended, and waited for; how it ends does not
/// matter.
asio::awaitable<Result<void>> run_beside(std::function<asio::awaitable<Result<void>>()> work,
                                         std::function<asio::awaitable<Result<void>>()> companion);

} // namespace ksail
