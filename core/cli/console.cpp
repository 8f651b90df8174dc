// SPDX-License-Identifier: Apache-2.0
#include "cli/console.hpp"

#include <cerrno>
#include <poll.h>
#include <unistd.h>

namespace ksail::cli {

namespace {

/// 0 or the errno of what went wrong.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // Somebody made the terminal non-blocking; it is shared with whoever started us.
      pollfd ready{fd, POLLOUT, 0};
      ::poll(&ready, 1, 1000);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

} // namespace

Console::Console(Terminal terminal, const Redaction &redaction) : terminal_(terminal), redaction_(redaction) {}

Console::~Console() { block({}); }

void Console::erase_block(std::string &into) const {
  if (block_.empty()) return;
  into += "\r\x1b[K";
  for (std::size_t i = 1; i < block_.size(); ++i)
    into += "\x1b[A\x1b[K";
}

void Console::draw_block(std::string &into) const {
  for (std::size_t i = 0; i < block_.size(); ++i)
    into += (i ? "\n" : "") + block_[i];
}

void Console::out(std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (out_failure_) return;
  const bool in_the_way = terminal_.out.terminal && !block_.empty();
  std::string frame;
  if (in_the_way) {
    erase_block(frame);
    write_all(2, frame);
  }
  out_failure_ = write_all(1, text);
  if (in_the_way) {
    frame.clear();
    draw_block(frame);
    write_all(2, frame);
  }
}

void Console::err(std::string_view line) { err_text(std::string(line) + "\n"); }

void Console::err_text(std::string_view text) {
  const std::string shown = redaction_.apply(text);
  const std::lock_guard lock(mutex_);
  std::string frame;
  erase_block(frame);
  frame += shown;
  draw_block(frame);
  write_all(2, frame);
}

void Console::block(std::vector<std::string> lines) {
  if (!terminal_.live) return;
  for (auto &line : lines)
    line = redaction_.apply(line);
  const std::lock_guard lock(mutex_);
  if (lines.empty() && block_.empty() && !cursor_hidden_) return;
  std::string frame;
  if (!lines.empty() && !cursor_hidden_) {
    frame += "\x1b[?25l";
    cursor_hidden_ = true;
  }
  erase_block(frame);
  block_ = std::move(lines);
  draw_block(frame);
  if (block_.empty() && cursor_hidden_) {
    frame += "\x1b[?25h";
    cursor_hidden_ = false;
  }
  write_all(2, frame);
}

void Console::last_words(std::string_view text) {
  const std::string shown = redaction_.apply(text);
  const std::unique_lock lock(mutex_, std::chrono::milliseconds(200));
  std::string frame;
  if (lock) erase_block(frame);
  frame += shown;
  if (terminal_.live) frame += "\x1b[?25h";
  write_all(2, frame);
}

int Console::out_failure() const {
  const std::lock_guard lock(mutex_);
  return out_failure_;
}

} // namespace ksail::cli
