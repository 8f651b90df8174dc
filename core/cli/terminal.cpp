// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.hpp"

#include <ksail/sdk/letter_case.hpp>

#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

namespace ksail::cli {

namespace {

std::string variable(const config::Environment &environment, const char *name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

bool is_utf8(const config::Environment &environment) {
  // The first that is set counts, as in POSIX.
  for (const char *name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string value = ascii_lower(variable(environment, name));
    if (!value.empty()) return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

} // namespace

Terminal terminal_traits(bool in_terminal, bool out_terminal, bool err_terminal, const config::Environment &environment,
                         const std::string &color_option) {
  const bool dumb = variable(environment, "TERM") == "dumb";
  const bool refused = !variable(environment, "NO_COLOR").empty() || dumb;
  const auto on = [](const std::string &value) { return !value.empty() && value != "0"; };
  const bool forced = on(variable(environment, "CLICOLOR_FORCE")) || on(variable(environment, "FORCE_COLOR"));
  const auto color = [&](bool terminal) {
    if (color_option == "always") return true;
    if (color_option == "never" || refused) return false;
    return terminal || forced;
  };
  Terminal result;
  result.in = {in_terminal, false};
  result.out = {out_terminal, color(out_terminal)};
  result.err = {err_terminal, color(err_terminal)};
  result.live = err_terminal && !dumb;
  result.utf8 = is_utf8(environment);
  return result;
}

Terminal this_terminal(const config::Environment &environment, const std::string &color_option) {
  return terminal_traits(::isatty(0), ::isatty(1), ::isatty(2), environment, color_option);
}

Size terminal_size() {
  Size size;
  winsize answer{};
  if ((::ioctl(2, TIOCGWINSZ, &answer) == 0 && answer.ws_col > 0) ||
      (::ioctl(1, TIOCGWINSZ, &answer) == 0 && answer.ws_col > 0)) {
    size.columns = answer.ws_col;
    if (answer.ws_row > 0) size.rows = answer.ws_row;
  } else if (const char *given = std::getenv("COLUMNS")) {
    const long columns = std::strtol(given, nullptr, 10);
    if (columns >= 20 && columns <= 1000) size.columns = static_cast<unsigned>(columns);
  }
  return size;
}

} // namespace ksail::cli
