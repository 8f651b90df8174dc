// SPDX-License-Identifier: Apache-2.0
// Writes tar archives in memory: ustar (POSIX.1-1988), with pax records (POSIX.1-2001) where ustar's fields are too
// short. Everything belongs to root.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ksail::docker {

class TarArchive {
public:
  /// `modified_unix`: time stamp of every entry, seconds.
  explicit TarArchive(std::int64_t modified_unix) : modified_(modified_unix) {}

  /// Paths are absolute or relative; a leading slash is dropped. Directories that a path needs are made by whoever
  /// unpacks, with its own default mode: an entry for them would change the mode of those that exist.
  void add_file(std::string_view path, unsigned mode, std::string_view content);
  void add_symlink(std::string_view path, std::string_view target);

  bool empty() const { return bytes_.empty(); }
  /// Ends the archive; nothing can be added afterwards.
  std::string finish() &&;

private:
  void add_entry(std::string_view path, unsigned mode, char type, std::string_view link, std::string_view content);
  void add_header(std::string_view name, std::string_view prefix, unsigned mode, char type, std::string_view link,
                  std::uint64_t size);
  void add_content(std::string_view content);

  std::int64_t modified_;
  std::string bytes_;
};

} // namespace ksail::docker
