// SPDX-License-Identifier: Apache-2.0
// Bytes that are needed again later, in a file that has no name: memory stays free, and nothing is left when the process
// ends, however it ends. Only its owner can read it (what is spooled may be a Secret).
#pragma once

#include <ksail/sdk/result.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace ksail::manifests {

/// In $TMPDIR, else /var/tmp (on a disk more often than /tmp). The file is made with the first byte. Not thread-safe.
class Spool {
public:
  Spool() = default;
  ~Spool();
  Spool(const Spool &) = delete;
  Spool &operator=(const Spool &) = delete;

  /// Where the bytes begin.
  Result<std::size_t> append(std::string_view bytes);
  Result<std::string> read(std::size_t offset, std::size_t length);
  std::size_t size() const { return written_ + pending_.size(); }

private:
  Result<void> open();
  Result<void> flush();

  int fd_ = -1;
  std::size_t written_ = 0;
  std::string pending_;
};

/// `length` bytes at `offset` of an open file; `name` is for messages. Fewer bytes than that is a failure.
Result<std::string> read_range(int fd, std::size_t offset, std::size_t length, const std::string &name);

} // namespace ksail::manifests
