// SPDX-License-Identifier: Apache-2.0
// Takes apart what the engine sends for attached output. Without a terminal it is framed: one byte stream number (0
// input echo, 1 output, 2 errors), three zero bytes, length as 32 bits big-endian, payload. With a terminal it is raw.
// Source: Docker Engine API, ContainerAttach, "Stream format".
#pragma once

#include <ksail/sdk/result.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::docker {

struct OutputPiece {
  bool error_stream = false;
  std::string bytes;
  OutputPiece(bool e, std::string b) : error_stream(e), bytes(std::move(b)) {}
};

/// No I/O: bytes in, in pieces of any size, output out.
class FrameDemultiplexer {
public:
  /// `detect`: engines before API 1.42 do not say which of the two a log is; no terminal output begins like a frame.
  enum class Format { framed, raw, detect };
  explicit FrameDemultiplexer(Format format) : format_(format) {}

  /// data_loss when what should be a frame is none.
  Result<std::vector<OutputPiece>> feed(std::string_view bytes);
  /// What is left when the stream ended regularly; data_loss when it ended inside a frame.
  Result<std::vector<OutputPiece>> finish();

private:
  void settle_format();

  Format format_;
  std::string header_; ///< bytes of an incomplete header, or of an undecided beginning
  std::size_t left_ = 0;
  bool error_stream_ = false;
};

} // namespace ksail::docker
