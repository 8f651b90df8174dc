// SPDX-License-Identifier: Apache-2.0
#include "timing/timing.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ksail::timing {

namespace {

struct Row {
  std::string phase, step, start, seconds;
  double from = 0, to = 0;
  bool critical = false, failed = false;
};

std::string fixed(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", seconds);
  return text;
}

std::string padded(std::string text, std::size_t width, bool right) {
  if (text.size() >= width) return text;
  const std::string spaces(width - text.size(), ' ');
  return right ? spaces + text : text + spaces;
}

/// Keeps both ends: names of steps differ at the end ("node:dev-worker2") as often as at the beginning.
std::string shortened(const std::string &text, std::size_t width) {
  if (text.size() <= width) return text;
  if (width < 5) return text.substr(0, width);
  const std::size_t head = (width - 2 + 1) / 2, tail = width - 2 - head;
  return text.substr(0, head) + ".." + text.substr(text.size() - tail);
}

std::string bar(const Row &row, double total, std::size_t width) {
  const auto column = [&](double at) {
    return static_cast<std::size_t>(std::clamp(at / total, 0.0, 1.0) * static_cast<double>(width));
  };
  const std::size_t from = std::min(column(row.from), width - 1);
  const std::size_t to = std::clamp(column(row.to), from + 1, width);
  return std::string(from, ' ') + std::string(to - from, row.critical ? '#' : '-');
}

} // namespace

std::string table(const std::vector<Span> &spans, double total_seconds, unsigned width) {
  if (spans.empty()) return "total " + fixed(total_seconds) + " s\n";
  const auto path = critical_path(spans);
  auto begin = spans.front().start;
  for (const auto &span : spans)
    begin = std::min(begin, span.start);
  const auto since = [&](Clock::time_point at) { return std::chrono::duration<double>(at - begin).count(); };

  std::vector<Row> rows;
  double last = 0.001;
  for (const auto &span : spans) {
    Row row;
    row.phase = span.phase;
    row.step = span.name;
    row.from = since(span.start);
    row.to = span.end ? since(*span.end) : row.from;
    row.start = fixed(row.from);
    row.seconds = span.end ? fixed(row.to - row.from) : "-";
    row.failed = span.failed;
    row.critical = std::any_of(path.begin(), path.end(),
                               [&](const Span &p) { return p.name == span.name && p.start == span.start; });
    last = std::max(last, row.to);
    rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(),
            [](const Row &a, const Row &b) { return a.from != b.from ? a.from < b.from : a.step < b.step; });

  std::size_t phase_width = 5, step_width = 4, start_width = 5, seconds_width = 7;
  for (const auto &row : rows) {
    phase_width = std::max(phase_width, row.phase.size());
    step_width = std::max(step_width, row.step.size());
    start_width = std::max(start_width, row.start.size());
    seconds_width = std::max(seconds_width, row.seconds.size());
  }
  // Two columns of marks, two spaces between columns; what is left goes to the names, then to the bars.
  const std::size_t columns = std::max<std::size_t>(width, 40);
  const std::size_t numbers = 2 + start_width + 2 + seconds_width;
  phase_width = std::min<std::size_t>(phase_width, columns / 4);
  step_width = std::min(step_width, columns - numbers - phase_width - 4);
  const std::size_t used = numbers + phase_width + 2 + step_width + 2;
  const std::size_t bar_width = columns > used + 12 ? std::min<std::size_t>(columns - used - 2, 40) : 0;

  std::string text = "  " + padded("PHASE", phase_width, false) + "  " + padded("STEP", step_width, false) + "  " +
                     padded("START", start_width, true) + "  " + padded("SECONDS", seconds_width, true) + "\n";
  for (const auto &row : rows) {
    std::string line = row.failed ? "! " : row.critical ? "* " : "  ";
    line += padded(shortened(row.phase, phase_width), phase_width, false) + "  ";
    line += padded(shortened(row.step, step_width), step_width, false) + "  ";
    line += padded(row.start, start_width, true) + "  " + padded(row.seconds, seconds_width, true);
    if (bar_width) line += "  " + bar(row, last, bar_width);
    while (line.back() == ' ')
      line.pop_back();
    text += line + "\n";
  }
  text += "  total " + fixed(total_seconds) + " s (* critical";
  if (std::any_of(rows.begin(), rows.end(), [](const Row &row) { return row.failed; })) text += ", ! failed";
  return text + ")\n";
}

} // namespace ksail::timing
