// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal_progress.hpp"

#include <algorithm>

namespace ksail::cli {

namespace {
using namespace std::chrono_literals;
constexpr auto frame_time = 100ms;
constexpr auto sign_of_life = 10s;
} // namespace

TerminalProgress::TerminalProgress(Console &console, bool quiet) : console_(console), quiet_(quiet) {}

TerminalProgress::~TerminalProgress() { close(); }

RunningStep *TerminalProgress::find(std::string_view step) {
  const auto found = std::find_if(steps_.begin(), steps_.end(), [&](const RunningStep &s) { return s.name == step; });
  return found == steps_.end() ? nullptr : &*found;
}

void TerminalProgress::step_started(std::string_view step, std::string_view title) {
  if (quiet_) return;
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  RunningStep running;
  running.name = step;
  running.title = title;
  running.start = running.last_sign = std::chrono::steady_clock::now();
  steps_.push_back(std::move(running));
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_one();
}

void TerminalProgress::step_text(std::string_view step, std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (auto *running = find(step)) running->text = text;
}

void TerminalProgress::step_bytes(std::string_view step, std::uint64_t done, std::uint64_t total) {
  const std::lock_guard lock(mutex_);
  if (auto *running = find(step)) {
    running->done = done;
    running->total = total;
  }
}

void TerminalProgress::step_ended(std::string_view step, bool ok, double seconds) {
  const std::lock_guard lock(mutex_);
  auto *running = find(step);
  if (!running) return;
  const std::string line = ended_line(running->title, ok, seconds, style());
  steps_.erase(steps_.begin() + (running - steps_.data()));
  console_.err(line);
  changed_.notify_one();
}

void TerminalProgress::note(std::string_view text) {
  if (!quiet_) console_.err(text);
}

void TerminalProgress::warning(std::string_view text) {
  if (!quiet_) console_.err(painted("warning:", Paint::yellow, style().color) + " " + std::string(text));
}

void TerminalProgress::tick(std::unique_lock<std::mutex> &lock) {
  const auto now = std::chrono::steady_clock::now();
  if (console_.terminal().live) {
    const auto size = terminal_size();
    // The block never fills the screen: what stands above it must stay readable.
    auto lines = live_lines(steps_, now, frame_++, size.columns, std::max(size.rows / 2, 1u), style());
    console_.block(std::move(lines));
    changed_.wait_for(lock, frame_time, [&] { return closed_; });
    return;
  }
  for (auto &step : steps_)
    if (now - step.last_sign >= sign_of_life) {
      step.last_sign = now;
      console_.err(still_running_line(step, now, style()));
    }
  changed_.wait_for(lock, 1s, [&] { return closed_; });
}

void TerminalProgress::run() {
  std::unique_lock lock(mutex_);
  while (!closed_) {
    if (steps_.empty()) {
      console_.block({});
      changed_.wait(lock, [&] { return closed_ || !steps_.empty(); });
    } else {
      tick(lock);
    }
  }
}

void TerminalProgress::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    steps_.clear();
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  console_.block({});
}

} // namespace ksail::cli
