// SPDX-License-Identifier: Apache-2.0
// Progress of the orchestrator on a terminal (a line per running step, redrawn) or in a log (a line per step that
// ended).
#pragma once

#include "cli/console.hpp"
#include "cli/progress_lines.hpp"
#include "orchestrator/progress.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace ksail::cli {

/// Animation runs on a thread of its own, so that it goes on while the command's thread computes or waits for a lock.
/// It draws at most 10 times a second and sleeps while nothing runs.
class TerminalProgress final : public ProgressSink {
public:
  TerminalProgress(Console &console, bool quiet);
  ~TerminalProgress() override;

  void step_started(std::string_view step, std::string_view title) override;
  void step_text(std::string_view step, std::string_view text) override;
  void step_bytes(std::string_view step, std::uint64_t done, std::uint64_t total) override;
  void step_ended(std::string_view step, bool ok, double seconds) override;
  void note(std::string_view text) override;
  void warning(std::string_view text) override;

  /// Takes the live block away, for good. Idempotent.
  void close();

private:
  void run();
  void tick(std::unique_lock<std::mutex> &lock);
  RunningStep *find(std::string_view step);
  LineStyle style() const { return {console_.terminal().err.color, console_.terminal().utf8}; }

  Console &console_;
  const bool quiet_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<RunningStep> steps_;
  unsigned frame_ = 0;
  bool closed_ = false;
  std::thread thread_;
};

} // namespace ksail::cli
