// SPDX-License-Identifier: Apache-2.0
// Opening a file that will decide what code runs, after checking that nobody but root and the user could have written
// it.
#pragma once

#include <ksail/sdk/result.hpp>

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace ksail::plugins {

/// A file that passed the checks, open and mapped. What is checked is what is read: the path is not followed again.
class TrustedFile {
public:
  /// `what` ("plugin library") is for messages. The checks, in order: the path is absolute; it is a regular file and no
  /// symbolic link (its directory may be reached through links); owner root or this user; neither group nor others may
  /// write to it or to any directory above it. Directories above the running executable need no check: who may write
  /// there can replace ksail itself. Errors: Code::plugin, or Code::not_found when there is no such file.
  static Result<TrustedFile> open(const std::filesystem::path &file, std::string_view what);

  TrustedFile() = default;
  TrustedFile(TrustedFile &&other) noexcept;
  TrustedFile &operator=(TrustedFile &&other) noexcept;
  ~TrustedFile();

  const std::filesystem::path &path() const { return path_; } ///< canonical
  std::string_view bytes() const { return bytes_; }
  int descriptor() const { return fd_; }
  dev_t device() const { return device_; }
  ino_t inode() const { return inode_; }

private:
  void swap(TrustedFile &other) noexcept;

  std::filesystem::path path_;
  std::string_view bytes_; ///< a mapping, when not empty
  int fd_ = -1;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

} // namespace ksail::plugins
