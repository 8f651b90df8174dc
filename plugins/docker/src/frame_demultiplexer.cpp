// SPDX-License-Identifier: Apache-2.0
#include "frame_demultiplexer.hpp"

#include <algorithm>

namespace ksail::docker {

namespace {

constexpr std::size_t header_size = 8;

/// Whether `bytes` may be the beginning of a frame header.
bool may_be_header(std::string_view bytes) {
  if (!bytes.empty() && static_cast<unsigned char>(bytes[0]) > 2) return false;
  for (std::size_t i = 1; i < std::min<std::size_t>(bytes.size(), 4); ++i)
    if (bytes[i] != 0) return false;
  return true;
}

} // namespace

void FrameDemultiplexer::settle_format() {
  if (!may_be_header(header_))
    format_ = Format::raw;
  else if (header_.size() >= 4)
    format_ = Format::framed;
}

Result<std::vector<OutputPiece>> FrameDemultiplexer::feed(std::string_view bytes) {
  std::vector<OutputPiece> pieces;
  std::string held;
  if (format_ == Format::detect) {
    held = std::move(header_);
    held.append(bytes);
    header_ = held;
    settle_format();
    if (format_ == Format::detect) return pieces;
    header_.clear();
    bytes = held;
  }
  if (format_ == Format::raw) {
    if (!bytes.empty()) pieces.emplace_back(false, std::string(bytes));
    return pieces;
  }
  while (!bytes.empty()) {
    if (left_ > 0) {
      const auto size = std::min(left_, bytes.size());
      if (!pieces.empty() && pieces.back().error_stream == error_stream_)
        pieces.back().bytes.append(bytes.substr(0, size));
      else
        pieces.emplace_back(error_stream_, std::string(bytes.substr(0, size)));
      bytes.remove_prefix(size);
      left_ -= size;
      continue;
    }
    const auto size = std::min(header_size - header_.size(), bytes.size());
    header_.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
    if (!may_be_header(header_))
      return Error(Code::data_loss, "the engine sent output that is not in its frame format");
    if (header_.size() < header_size) continue;
    error_stream_ = header_[0] == 2;
    for (std::size_t i = 4; i < header_size; ++i)
      left_ = left_ << 8 | static_cast<unsigned char>(header_[i]);
    header_.clear();
  }
  return pieces;
}

Result<std::vector<OutputPiece>> FrameDemultiplexer::finish() {
  std::vector<OutputPiece> pieces;
  if (format_ == Format::detect && !header_.empty())
    pieces.emplace_back(false, std::exchange(header_, std::string()));
  else if (left_ > 0 || !header_.empty())
    return Error(Code::data_loss, "the engine's output ended inside a frame");
  return pieces;
}

} // namespace ksail::docker
