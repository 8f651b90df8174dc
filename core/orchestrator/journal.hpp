// SPDX-License-Identifier: Apache-2.0
// A small file per cluster in $XDG_STATE_HOME/ksail that survives kill -9: it says that a creation runs (and by whom)
// and which kubeconfig entry belongs to the cluster. Nothing depends on it being there: what exists is asked from the
// provider.
#pragma once

#include <ksail/sdk/result.hpp>

#include <optional>
#include <string>

namespace ksail {

struct JournalEntry {
  std::string cluster;
  std::string provider;
  std::string distribution;
  std::string operation_id;
  std::string state; ///< creating | created | deleting
  std::string step;  ///< the last one that was begun
  std::string kubeconfig_file;
  std::string context;
  long pid = 0;
};

/// Exclusive use of a cluster's name on this machine, from open() to destruction. The kernel drops the lock when the
/// process dies, however it dies.
class Journal {
public:
  /// already_exists when another process works on that cluster; it is named by its pid.
  static Result<Journal> open(const std::string &provider, const std::string &cluster);
  Journal(Journal &&) noexcept;
  Journal &operator=(Journal &&) noexcept;
  ~Journal();

  /// What the last process left, if anything.
  std::optional<JournalEntry> read() const;
  /// Replaces the entry atomically (write, rename). Failures to write do not stop a creation: the result is for the
  /// log.
  Result<void> write(const JournalEntry &entry);
  void remove();

private:
  Journal(int lock_fd, std::string path);
  int lock_fd_ = -1;
  std::string path_;
};

/// $XDG_STATE_HOME/ksail, or ~/.local/state/ksail.
std::string state_directory();

} // namespace ksail
