// SPDX-License-Identifier: Apache-2.0
// What the terminal shows: colour, animation, and lines that fit.
#include "cli/progress_lines.hpp"
#include "cli/terminal.hpp"
#include "cli/text_width.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::cli;
using namespace std::chrono_literals;
using Catch::Contains;
using Catch::EndsWith;
using Catch::StartsWith;
using config::Environment;

namespace {

bool colored(bool terminal, const Environment &environment, const std::string &option = "auto") {
  return terminal_traits(terminal, terminal, terminal, environment, option).err.color;
}

const auto now = std::chrono::steady_clock::time_point(100s);

RunningStep step(std::string title, std::string text = "", std::uint64_t done = 0, std::uint64_t total = 0) {
  RunningStep result;
  result.name = result.title = std::move(title);
  result.text = std::move(text);
  result.done = done;
  result.total = total;
  result.start = result.last_sign = now - 5s;
  return result;
}

} // namespace

TEST_CASE("a terminal has colour, a file has none") {
  CHECK(colored(true, {}));
  CHECK_FALSE(colored(false, {}));
}

TEST_CASE("colour is refused and forced by what is customary") {
  CHECK_FALSE(colored(true, {{"NO_COLOR", "1"}}));
  CHECK(colored(true, {{"NO_COLOR", ""}}));
  CHECK_FALSE(colored(true, {{"TERM", "dumb"}}));
  CHECK(colored(false, {{"CLICOLOR_FORCE", "1"}}));
  CHECK_FALSE(colored(false, {{"CLICOLOR_FORCE", "0"}}));
  CHECK(colored(false, {{"FORCE_COLOR", "1"}}));
  CHECK_FALSE(colored(false, {{"FORCE_COLOR", "1"}, {"NO_COLOR", "1"}}));
}

TEST_CASE("an option wins over the environment") {
  CHECK_FALSE(colored(true, {{"FORCE_COLOR", "1"}}, "never"));
  CHECK(colored(false, {{"NO_COLOR", "1"}}, "always"));
}

TEST_CASE("each stream is judged by itself, and only a terminal is animated") {
  const auto piped = terminal_traits(true, false, true, {}, "auto");
  CHECK_FALSE(piped.out.color);
  CHECK(piped.err.color);
  CHECK(piped.live);
  CHECK_FALSE(terminal_traits(true, true, false, {{"FORCE_COLOR", "1"}}, "auto").live);
  CHECK_FALSE(terminal_traits(true, true, true, {{"TERM", "dumb"}}, "auto").live);
  CHECK(terminal_traits(true, true, true, {{"NO_COLOR", "1"}}, "auto").live);
}

TEST_CASE("the locale says whether there are other signs than ASCII") {
  const auto utf8 = [](const Environment &environment) {
    return terminal_traits(true, true, true, environment, "auto").utf8;
  };
  CHECK(utf8({{"LANG", "C.UTF-8"}}));
  CHECK(utf8({{"LC_CTYPE", "de_DE.utf8"}}));
  CHECK_FALSE(utf8({{"LANG", "C"}}));
  CHECK_FALSE(utf8({}));
  CHECK_FALSE(utf8({{"LC_ALL", "C"}, {"LANG", "C.UTF-8"}}));
}

TEST_CASE("live lines never wrap") {
  const std::vector<RunningStep> steps = {
      step("a title that is rather long for a step", "with a text 日本日本日本 that goes on", 5000000, 9000000),
      step("short"), step("x", std::string(300, 'y'))};
  for (unsigned columns = 1; columns <= 120; ++columns)
    for (const bool utf8 : {true, false})
      for (const auto &line : live_lines(steps, now, columns, columns, 10, {false, utf8})) {
        INFO(columns << ": " << line);
        CHECK(display_width(line) <= std::max(columns, 12u) - 1);
      }
}

TEST_CASE("live lines say what runs, how far it is and how long") {
  const auto lines = live_lines({step("pull image", "layer", 1500000, 3000000)}, now, 0, 80, 10, {false, false});
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0], StartsWith("| pull image") && Contains("layer 1.5 MB of 3.0 MB") && EndsWith("5.0s"));
  // A total that is passed was an estimate.
  CHECK_THAT(live_lines({step("pull", "", 5000, 3000)}, now, 0, 80, 10, {false, false})[0],
             Contains("5.0 kB") && !Contains("of"));
}

TEST_CASE("live lines leave room for what stands above") {
  const std::vector<RunningStep> steps(8, step("s"));
  const auto lines = live_lines(steps, now, 0, 80, 3, {false, true});
  REQUIRE(lines.size() == 3);
  CHECK_THAT(lines[2], Contains("and 6 more"));
  CHECK(live_lines(steps, now, 0, 80, 0, {false, true}).size() == 1);
  CHECK(live_lines({}, now, 0, 80, 3, {false, true}).empty());
}

TEST_CASE("texts of others cannot take over the terminal") {
  const auto line = live_lines({step("a\x1b[2J", "b\r\n\x07")}, now, 0, 80, 10, {false, true})[0];
  for (const char c : line)
    CHECK(static_cast<unsigned char>(c) >= 0x20);
}

TEST_CASE("without colour there is no escape sequence") {
  for (const auto &line :
       {ended_line("step", true, 1.5, {false, true}), ended_line("step", false, 1.5, {false, false}),
        still_running_line(step("s", "t", 1, 2), now, {false, true}), painted("x", Paint::red, false)})
    CHECK(line.find('\x1b') == std::string::npos);
  CHECK(painted("x", Paint::red, true) == "\x1b[31mx\x1b[0m");
  CHECK(ended_line("step", false, 1.5, {false, false}) == "FAILED  step  1.5s");
}
