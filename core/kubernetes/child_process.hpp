// SPDX-License-Identifier: Apache-2.0
// Running one program to its end, with a time limit.
#pragma once

#include <ksail/sdk/result.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace ksail::kubernetes {

struct ChildProcess {
  std::string command; ///< looked up in PATH when it holds no slash
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env; ///< in front of this process's own
  bool interactive = false; ///< inherits standard input and standard error; else input is empty and errors are captured
  std::chrono::milliseconds limit{30000};
};

struct ChildOutcome {
  int status = 0; ///< exit status, or 128 + signal
  std::string output, errors;
};

/// Blocks the thread. Errors: not_found (no such program), deadline_exceeded (killed with its process group),
/// unavailable.
Result<ChildOutcome> run_child(const ChildProcess &child);

} // namespace ksail::kubernetes
