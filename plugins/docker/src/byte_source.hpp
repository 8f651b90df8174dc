// SPDX-License-Identifier: Apache-2.0
// Bytes that come piece by piece: of a file, of a pipe, or of images that the engine exports.
#pragma once

#include "engine.hpp"

#include <ksail/sdk/async.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ksail::docker {

class ByteSource {
public:
  virtual ~ByteSource() = default;
  /// The next piece, at most a few hundred kilobytes; empty at the end.
  virtual asio::awaitable<Result<std::string>> next(Deadline deadline) = 0;
  /// 0 when it is not known before the end.
  virtual std::uint64_t total() const { return 0; }
};

/// A regular file, or anything that can be waited for (a pipe, a terminal, a socket). not_found, permission_denied.
Result<std::unique_ptr<ByteSource>> open_file(asio::any_io_executor executor, const std::string &path);

/// What GET /images/get answers for these names: one archive. The engine outlives it.
asio::awaitable<Result<std::unique_ptr<ByteSource>>> export_images(Engine &engine, std::vector<std::string> names,
                                                                   Deadline deadline);

} // namespace ksail::docker
