// SPDX-License-Identifier: Apache-2.0
// Runs a program to its end with input and output over pipes. Used for credential helpers only.
#pragma once

#include <ksail/sdk/async.hpp>

#include <string>
#include <vector>

namespace ksail::docker {

struct ProgramEnd {
  int exit_code = 0;  ///< 128 + signal when it was killed
  std::string output; ///< standard output, at most 1 MiB; errors go to /dev/null
};

/// Finds argv[0] on PATH. not_found when it is not there; deadline_exceeded (and the program killed) when it does not
/// end in time. Requires Linux 5.3 (pidfd_open).
asio::awaitable<Result<ProgramEnd>> run_program(std::vector<std::string> argv, std::string input, Deadline deadline);

} // namespace ksail::docker
