// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.hpp"
#include "cli/interruption.hpp"
#include "cli/version.hpp"

#include <cstdio>
#include <cstring>
#include <exception>
#include <unistd.h>

namespace {

int run(int argc, char **argv) {
  // The most frequent question of scripts is answered before anything is set up.
  if (argc == 2 && (std::strcmp(argv[1], "version") == 0 || std::strcmp(argv[1], "--version") == 0)) {
    const auto text = ksail::cli::version_text();
    return ::write(1, text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1;
  }
  ksail::cli::survive_broken_pipes();
  try {
    return ksail::cli::run_command_line({argv + 1, argv + argc});
  } catch (const std::exception &e) {
    std::fprintf(stderr, "error: internal error: %s\nhint: this is a bug of ksail; please report it\n", e.what());
  }
  return 1;
}

} // namespace

int main(int argc, char **argv) {
  const int code = run(argc, argv);
  std::fflush(stdout);
  // Not exit(): a plugin thread that does not end must not meet destructors of what it still uses.
  ::_exit(code);
}
