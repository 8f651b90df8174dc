// SPDX-License-Identifier: Apache-2.0
#include "manifests/unified_diff.hpp"

#include <algorithm>
#include <vector>

namespace ksail::manifests {

namespace {

constexpr std::ptrdiff_t most_edits = 2000; // bounds time and memory: their square

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return lines;
}

struct Edit {
  char sign;         ///< ' ', '-' or '+'
  std::size_t at[2]; ///< how many lines of either text come before it
};

/// One range of lines of both texts.
class Script {
public:
  Script(const Lines &before, const Lines &after) : a_(before), b_(after) {}

  std::vector<Edit> edits() {
    std::size_t head = 0;
    while (head < a_.size() && head < b_.size() && a_[head] == b_[head])
      ++head;
    std::size_t tail = 0;
    while (tail + head < a_.size() && tail + head < b_.size() && a_[a_.size() - 1 - tail] == b_[b_.size() - 1 - tail])
      ++tail;
    for (std::size_t i = 0; i < head; ++i)
      keep(i, i);
    middle(head, a_.size() - tail, b_.size() - tail);
    for (std::size_t i = tail; i > 0; --i)
      keep(a_.size() - i, b_.size() - i);
    return std::move(out_);
  }

private:
  void keep(std::size_t x, std::size_t y) { out_.push_back({' ', {x, y}}); }

  void replace(std::size_t x, std::size_t x_end, std::size_t y, std::size_t y_end) {
    for (std::size_t i = x; i < x_end; ++i)
      out_.push_back({'-', {i, y}});
    for (std::size_t i = y; i < y_end; ++i)
      out_.push_back({'+', {x_end, i}});
  }

  void middle(std::size_t head, std::size_t a_end, std::size_t b_end) {
    const auto n = static_cast<std::ptrdiff_t>(a_end - head), m = static_cast<std::ptrdiff_t>(b_end - head);
    if (n == 0 || m == 0) return replace(head, a_end, head, b_end);
    const std::ptrdiff_t limit = std::min(n + m, most_edits);
    // furthest[k + offset]: how far along `before` the best path on diagonal k has come; one copy per number of edits.
    std::vector<std::vector<std::ptrdiff_t>> trace;
    std::vector<std::ptrdiff_t> furthest(static_cast<std::size_t>(2 * limit + 3), 0);
    const std::ptrdiff_t offset = limit + 1;
    for (std::ptrdiff_t d = 0; d <= limit; ++d) {
      const auto first = furthest.begin() + (offset - d - 1), last = furthest.begin() + (offset + d + 2);
      trace.emplace_back(first, last); // diagonals -d-1 .. d+1 as they were before this round
      for (std::ptrdiff_t k = -d; k <= d; k += 2) {
        const auto at = [&](std::ptrdiff_t diagonal) -> std::ptrdiff_t & {
          return furthest[static_cast<std::size_t>(diagonal + offset)];
        };
        std::ptrdiff_t x = k == -d || (k != d && at(k - 1) < at(k + 1)) ? at(k + 1) : at(k - 1) + 1;
        std::ptrdiff_t y = x - k;
        while (x < n && y < m && line(a_, head, x) == line(b_, head, y)) {
          ++x;
          ++y;
        }
        at(k) = x;
        if (x >= n && y >= m) return walk_back(trace, head, n, m);
      }
    }
    replace(head, a_end, head, b_end);
  }

  static std::string_view line(const Lines &lines, std::size_t head, std::ptrdiff_t i) {
    return lines[head + static_cast<std::size_t>(i)];
  }

  void walk_back(const std::vector<std::vector<std::ptrdiff_t>> &trace, std::size_t head, std::ptrdiff_t x,
                 std::ptrdiff_t y) {
    std::vector<Edit> reversed;
    const auto add = [&](char sign) {
      reversed.push_back({sign, {head + static_cast<std::size_t>(x), head + static_cast<std::size_t>(y)}});
    };
    for (auto d = static_cast<std::ptrdiff_t>(trace.size()) - 1; d >= 0; --d) {
      const auto &row = trace[static_cast<std::size_t>(d)];
      const auto at = [&](std::ptrdiff_t diagonal) { return row[static_cast<std::size_t>(diagonal + d + 1)]; };
      const std::ptrdiff_t k = x - y;
      const bool down = k == -d || (k != d && at(k - 1) < at(k + 1));
      const std::ptrdiff_t from_k = down ? k + 1 : k - 1, from_x = at(from_k), from_y = from_x - from_k;
      while (x > from_x && y > from_y) {
        --x;
        --y;
        add(' ');
      }
      if (d == 0) break;
      down ? --y : --x;
      add(down ? '+' : '-');
    }
    out_.insert(out_.end(), reversed.rbegin(), reversed.rend());
  }

  const Lines &a_;
  const Lines &b_;
  std::vector<Edit> out_;
};

std::string range(std::size_t begin, std::size_t count) {
  // An empty range is named by the line before it.
  std::string text = std::to_string(count == 0 ? begin : begin + 1);
  return count == 1 ? text : text + "," + std::to_string(count);
}

} // namespace

std::string unified_diff(std::string_view before, std::string_view after, const DiffNames &names) {
  if (before == after) return {};
  const Lines a = lines_of(before), b = lines_of(after);
  const std::vector<Edit> edits = Script(a, b).edits();
  std::string out;
  out.append("--- ").append(names.before).append("\n+++ ").append(names.after).append("\n");
  std::size_t i = 0;
  for (;;) {
    while (i < edits.size() && edits[i].sign == ' ')
      ++i;
    if (i == edits.size()) return out;
    const std::size_t begin = i > names.context ? i - names.context : 0;
    std::size_t end = i + 1, equal = 0;
    for (std::size_t j = i; j < edits.size() && equal <= 2 * names.context; ++j) {
      equal = edits[j].sign == ' ' ? equal + 1 : 0;
      if (edits[j].sign != ' ') end = j + 1;
    }
    i = end;
    end = std::min(edits.size(), end + names.context);
    std::size_t counts[2] = {0, 0};
    for (std::size_t j = begin; j < end; ++j) {
      counts[0] += edits[j].sign != '+';
      counts[1] += edits[j].sign != '-';
    }
    out += "@@ -" + range(edits[begin].at[0], counts[0]) + " +" + range(edits[begin].at[1], counts[1]) + " @@\n";
    for (std::size_t j = begin; j < end; ++j) {
      const Edit &edit = edits[j];
      out += edit.sign;
      out.append(edit.sign == '+' ? b[edit.at[1]] : a[edit.at[0]]).append("\n");
    }
  }
}

} // namespace ksail::manifests
