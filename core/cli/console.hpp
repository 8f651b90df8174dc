// SPDX-License-Identifier: Apache-2.0
// The owner of stdout and stderr: lines come out whole and a live block at the bottom of the terminal survives them.
#pragma once

#include "cli/redaction.hpp"
#include "cli/terminal.hpp"

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::cli {

/// Thread-safe.
class Console {
public:
  Console(Terminal terminal, const Redaction &redaction);
  ~Console();
  Console(const Console &) = delete;
  Console &operator=(const Console &) = delete;

  const Terminal &terminal() const { return terminal_; }

  /// Data, as it is, written at once.
  void out(std::string_view text);
  /// One line of talk on stderr, without its newline; secrets are blacked out.
  void err(std::string_view line);
  /// Talk that may have several lines and ends in a newline.
  void err_text(std::string_view text);
  /// Replaces the live block. Only where terminal().live.
  void block(std::vector<std::string> lines);
  /// Like err(), for the moment before _exit in the middle of anything: waits for nobody for long.
  void last_words(std::string_view text);

  /// 0, or the errno of the first write to stdout that failed.
  int out_failure() const;

private:
  void erase_block(std::string &into) const;
  void draw_block(std::string &into) const;

  const Terminal terminal_;
  const Redaction &redaction_;
  mutable std::timed_mutex mutex_;
  std::vector<std::string> block_;
  bool cursor_hidden_ = false;
  int out_failure_ = 0;
};

} // namespace ksail::cli
