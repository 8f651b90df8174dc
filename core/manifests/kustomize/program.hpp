// SPDX-License-Identifier: Apache-2.0
// The programs a build may run: git for remote bases, helm for charts.
#pragma once

#include <ksail/sdk/result.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace ksail::manifests::kustomize {

struct Program {
  std::vector<std::string> words;       ///< the program, looked up in PATH, and its arguments
  std::vector<std::string> environment; ///< "NAME=value", besides or instead of those of this process
  std::string directory;                ///< to run in; empty: the current one
  std::chrono::milliseconds timeout{std::chrono::minutes(5)};
};

/// Runs it without standard input and gives what it wrote to stdout. An error says how it ended with the last lines of
/// its stderr (Code::failed_precondition when it is not installed, deadline_exceeded after `timeout`, when it has been
/// killed). Thread-safe; blocks.
Result<std::string> run_program(const Program &program);

} // namespace ksail::manifests::kustomize
