// SPDX-License-Identifier: Apache-2.0
// The lock file kubectl, kind and ksail put beside a kubeconfig while they change it.
#pragma once

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <string>

namespace ksail::kubernetes {

/// Holds `<file>.lock`; removes it when destroyed. The protocol is client-go's: whoever creates the file exclusively
/// has the lock. Beyond that, ours names its process and carries an flock(2) which the kernel drops when the process
/// dies, so that a lock left behind by a killed ksail can be told from one in use.
class FileLock {
public:
  FileLock(FileLock &&other) noexcept;
  FileLock &operator=(FileLock &&) = delete;
  ~FileLock();

  /// Blocks the thread until the lock is ours or the deadline passes: woken by inotify when it goes, and looking again
  /// at least every 200 ms. `file`'s directory must exist. Errors are Code::config and name the lock and the remedy.
  static Result<FileLock> acquire(const std::string &file, Deadline deadline);

private:
  FileLock(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::string path_;
  int fd_ = -1;
};

} // namespace ksail::kubernetes
