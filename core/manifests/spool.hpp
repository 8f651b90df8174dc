// SPDX-License-Identifier: Apache-2.0
// Bytes that are needed again later, in a file that has no name: memory stays free, and nothing is left when the
// process ends, however it ends. Only its owner can read it (what is spooled may be a Secret).
#pragma once

#include <ksail/sdk/result.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace ksail::manifests {

/// In $TMPDIR, else /var/tmp (on a disk more often than /tmp). The file is made with the first MiB: what is small stays
/// in memory. Not thread-safe.
class Spool {
public:
  Spool() = default;
  ~Spool();
  Spool(const Spool &) = delete;
  Spool &operator=(const Spool &) = delete;

  /// Where the bytes begin.
  Result<std::size_t> append(std::string_view bytes);
  Result<std::string> read(std::size_t offset, std::size_t length);
  /// The same without a copy, valid until the next call of anything. Cheap when what is asked for stands close behind
  /// what was asked for before.
  Result<std::string_view> view(std::size_t offset, std::size_t length);
  /// Of bytes that are there.
  Result<void> overwrite(std::size_t offset, std::string_view bytes);
  std::size_t size() const { return written_ + pending_.size(); }

private:
  Result<void> open();
  Result<void> write_at(std::size_t offset, std::string_view bytes);
  Result<void> flush();
  /// Flushes when the range is neither in memory nor in the file as a whole.
  Result<bool> is_in_memory(std::size_t offset, std::size_t length);

  int fd_ = -1;
  std::size_t written_ = 0;
  std::string pending_; ///< what follows what is in the file
  std::string window_;  ///< bytes of the file from window_at_ on
  std::size_t window_at_ = 0;
};

/// `length` bytes at `offset` of an open file; `name` is for messages. Fewer bytes than that is a failure.
Result<std::string> read_range(int fd, std::size_t offset, std::size_t length, const std::string &name);

} // namespace ksail::manifests
