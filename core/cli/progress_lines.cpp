// SPDX-License-Identifier: Apache-2.0
#include "cli/progress_lines.hpp"

#include "cli/text_width.hpp"

#include <algorithm>
#include <array>

namespace ksail::cli {

namespace {

constexpr std::array<std::string_view, 10> dots = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
constexpr std::array<std::string_view, 4> bars = {"|", "/", "-", "\\"};

std::string what_it_does(const RunningStep &step) {
  std::string text = printable(step.text);
  if (step.done > 0 || step.total > 0) {
    if (!text.empty()) text += " ";
    text += short_bytes(step.done);
    // A total may grow while layers are discovered; it is only worth showing while it makes sense.
    if (step.total >= step.done && step.total > 0) text += " of " + short_bytes(step.total);
  }
  return text;
}

double since(const RunningStep &step, std::chrono::steady_clock::time_point now) {
  return std::max(0.0, std::chrono::duration<double>(now - step.start).count());
}

} // namespace

std::string painted(std::string_view text, Paint paint, bool color) {
  if (!color || paint == Paint::none) return std::string(text);
  const char *code = "";
  switch (paint) {
  case Paint::green:
    code = "32";
    break;
  case Paint::red:
    code = "31";
    break;
  case Paint::yellow:
    code = "33";
    break;
  case Paint::cyan:
    code = "36";
    break;
  case Paint::dim:
    code = "2";
    break;
  case Paint::bold:
    code = "1";
    break;
  case Paint::none:
    break;
  }
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::vector<std::string> live_lines(const std::vector<RunningStep> &steps, std::chrono::steady_clock::time_point now,
                                    unsigned frame, unsigned columns, unsigned rows, LineStyle style) {
  std::vector<std::string> lines;
  const std::size_t room = std::max(rows, 1u);
  const bool too_many = steps.size() > room;
  const std::size_t shown = too_many ? room - 1 : steps.size();
  // The last column stays free: some terminals wrap when it is written to.
  const std::size_t width = columns > 11 ? columns - 1 : 10;
  for (std::size_t i = 0; i < shown; ++i) {
    const auto &step = steps[i];
    const std::string elapsed = short_duration(since(step, now));
    const std::string mark(style.utf8 ? dots[frame % dots.size()] : bars[frame % bars.size()]);
    const std::size_t for_text = width > elapsed.size() + 4 ? width - elapsed.size() - 4 : 1;
    const std::string title = elide_middle(printable(step.title), for_text, style.utf8);
    std::string line = painted(mark, Paint::cyan, style.color) + " " + title;
    const std::size_t left = for_text - std::min(for_text, display_width(title));
    const std::string text = what_it_does(step);
    if (!text.empty() && left > 8)
      line += "  " + painted(elide_middle(text, left - 2, style.utf8), Paint::dim, style.color);
    lines.push_back(line + "  " + painted(elapsed, Paint::dim, style.color));
  }
  if (too_many)
    lines.push_back(elide_middle("  and " + std::to_string(steps.size() - shown) + " more", width, style.utf8));
  return lines;
}

std::string ended_line(std::string_view title, bool ok, double seconds, LineStyle style) {
  const std::string_view mark = style.utf8 ? (ok ? "✔" : "✗") : (ok ? "ok " : "FAILED ");
  return painted(mark, ok ? Paint::green : Paint::red, style.color) + " " + printable(title) + "  " +
         painted(short_duration(seconds), Paint::dim, style.color);
}

std::string still_running_line(const RunningStep &step, std::chrono::steady_clock::time_point now, LineStyle style) {
  const std::string text = what_it_does(step);
  return std::string(style.utf8 ? "… " : "... ") + printable(step.title) + (text.empty() ? "" : ": " + text) + "  " +
         short_duration(since(step, now));
}

} // namespace ksail::cli
