// SPDX-License-Identifier: Apache-2.0
// The log that --verbose shows, on stderr, through the Console. The only file that knows spdlog.
#pragma once

#include "cli/console.hpp"

#include <memory>
#include <string_view>

namespace ksail::cli {

/// Thread-safe. Levels are those of ksail/abi.h: 0 trace, 1 debug, 2 info, 3 warning, 4 error.
class Log {
public:
  /// `verbosity` 0 shows errors, 1 also debug and above, 2 everything. Nothing is set up until the first line is shown.
  Log(Console &console, unsigned verbosity);
  ~Log();
  bool enabled(int level) const { return level >= threshold_; }
  void write(int level, std::string_view target, std::string_view message);

private:
  struct Sink;
  Console &console_;
  const int threshold_;
  std::mutex mutex_;
  std::unique_ptr<Sink> sink_;
};

} // namespace ksail::cli
