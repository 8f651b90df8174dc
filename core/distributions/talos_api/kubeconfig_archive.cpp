// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos_api/kubeconfig_archive.hpp"

#include "distributions/tar_entry.hpp"

#include <zlib.h>

#include <utility>

namespace ksail::talos_api {

namespace {

constexpr std::size_t most_bytes = 4u << 20;

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

} // namespace

Result<std::string> kubeconfig_in(std::string_view archive) {
  if (archive.size() > most_bytes) return unreadable("it is too large");
  auto tar = unzip(archive);
  if (!tar) return tar.error();
  auto text = tar_entry(*tar, "kubeconfig");
  if (!text || text->empty()) return unreadable("it holds no whole kubeconfig");
  return std::move(*text);
}

} // namespace ksail::talos_api
