// SPDX-License-Identifier: Apache-2.0
// Looks at an image archive while it passes by: is it whole, and is everything in it what its index says? Formats:
// `docker save` (https://github.com/moby/docker-image-spec) and OCI image layout
// (https://github.com/opencontainers/image-spec/blob/main/image-layout.md), both in POSIX tar. Pure: no I/O. Memory is
// bounded by the small JSON files of the archive.
#pragma once

#include <ksail/sdk/result.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace ksail::docker {

class ImageArchiveCheck {
public:
  /// `name`: of the archive, for errors.
  explicit ImageArchiveCheck(std::string name);
  ~ImageArchiveCheck();
  ImageArchiveCheck(const ImageArchiveCheck &) = delete;
  ImageArchiveCheck &operator=(const ImageArchiveCheck &) = delete;

  /// The next bytes, in pieces of any size. Code::data_loss names the archive and what is damaged.
  Result<void> feed(std::string_view bytes);
  /// The archive has ended: is anything missing?
  Result<void> finish();

private:
  struct Hash;
  Result<void> begin_entry();
  Result<void> end_entry();
  Result<void> check_docker_index(const std::string &text) const;
  Error damaged(const std::string &what) const;

  std::string name_;
  std::string header_;    ///< bytes of the header being read
  std::string entry_;     ///< path of the entry being read
  std::string next_path_; ///< from a long-name or pax entry, for the one that follows
  std::uint64_t next_size_ = 0;
  bool has_next_size_ = false;
  char type_ = 0;
  std::uint64_t left_ = 0;    ///< bytes of content to come
  std::uint64_t padding_ = 0; ///< and of padding after it
  bool keep_ = false;
  std::string kept_;
  std::uint64_t kept_total_ = 0;
  unsigned zero_blocks_ = 0;
  bool ended_ = false;
  bool any_ = false;
  std::unique_ptr<Hash> hash_;
  std::map<std::string, std::string> digests_; ///< path -> sha256 of its content, hex; empty for a link
  std::map<std::string, std::string> texts_;   ///< small JSON files
};

} // namespace ksail::docker
