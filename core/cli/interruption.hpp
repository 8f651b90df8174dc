// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and SIGTERM: the first asks the command to stop, the second ends the process.
#pragma once

#include <functional>
#include <thread>

namespace ksail::cli {

/// While it lives, SIGINT and SIGTERM come here (unless they were ignored when the process started, as under nohup).
/// One at a time. A thread of its own does the work, so that the second signal ends the process even when the command's
/// thread is busy; children that are started meanwhile have the signals as they were.
class InterruptionWatch {
public:
  /// Both run on the watch's thread. `second` is expected to end the process.
  InterruptionWatch(std::function<void(int signal)> first, std::function<void(int signal)> second);
  ~InterruptionWatch();
  InterruptionWatch(const InterruptionWatch &) = delete;
  InterruptionWatch &operator=(const InterruptionWatch &) = delete;

private:
  void run();
  std::function<void(int)> first_, second_;
  std::thread thread_;
};

/// A SIGPIPE becomes EPIPE of the write that caused it; programs started later have the default again.
void survive_broken_pipes();

} // namespace ksail::cli
