// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos_api/kubeconfig_archive.hpp"

#include <zlib.h>

#include <optional>

namespace ksail::talos_api {

namespace {

constexpr std::size_t most_bytes = 4u << 20;
constexpr std::size_t tar_block = 512;

Error unreadable(const std::string &why) {
  return Error(Code::internal, "the kubeconfig that Talos sent cannot be unpacked: " + why);
}

Result<std::string> unzip(std::string_view bytes) {
  z_stream stream{};
  constexpr int gzip_window = 15 + 16;
  if (::inflateInit2(&stream, gzip_window) != Z_OK) return unreadable("zlib cannot be used");
  struct End {
    z_stream &stream;
    ~End() { ::inflateEnd(&stream); }
  } end{stream};
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::string piece(64u << 10, '\0');
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef *>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    const int state = ::inflate(&stream, Z_NO_FLUSH);
    out.append(piece, 0, piece.size() - stream.avail_out);
    if (out.size() > most_bytes) return unreadable("it is too large");
    if (state == Z_STREAM_END) return out;
    if (state != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0))
      return unreadable("it is no whole gzip archive");
  }
}

/// The size in a tar header: octal digits, then a space or nothing.
std::optional<std::size_t> size_in(std::string_view header) {
  std::size_t size = 0;
  bool digits = false;
  for (const char c : header.substr(124, 12)) {
    if (c < '0' || c > '7') {
      if (digits) break;
      if (c == ' ') continue;
      return std::nullopt;
    }
    digits = true;
    size = size * 8 + static_cast<std::size_t>(c - '0');
  }
  return digits ? std::optional(size) : std::nullopt;
}

} // namespace

Result<std::string> kubeconfig_in(std::string_view archive) {
  if (archive.size() > most_bytes) return unreadable("it is too large");
  auto tar = unzip(archive);
  if (!tar) return tar.error();
  if (tar->size() < tar_block) return unreadable("it holds no file");
  const auto size = size_in(*tar);
  if (!size || *size == 0) return unreadable("its file has no size");
  if (tar->size() - tar_block < *size) return unreadable("its file is cut short");
  return tar->substr(tar_block, *size);
}

} // namespace ksail::talos_api
