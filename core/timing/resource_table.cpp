// SPDX-License-Identifier: Apache-2.0
#include "timing/timing.hpp"

#include <algorithm>
#include <cstdio>

namespace ksail::timing {

std::string resource_table(const std::vector<ResourceSample> &samples) {
  struct Use {
    std::string node;
    double cpu_seconds = 0, peak_cpu = 0;
    std::uint64_t peak_memory = 0;
    Clock::time_point first, last;
  };
  std::vector<Use> uses;
  for (const auto &sample : samples) {
    auto use = std::find_if(uses.begin(), uses.end(), [&](const Use &u) { return u.node == sample.node; });
    if (use == uses.end()) {
      Use first;
      first.node = sample.node;
      first.first = sample.at;
      use = uses.insert(uses.end(), std::move(first));
    }
    use->last = sample.at;
    use->cpu_seconds += static_cast<double>(sample.cpu_ns) / 1e9;
    use->peak_cpu = std::max(use->peak_cpu, sample.cpu_percent.value_or(0));
    use->peak_memory = std::max(use->peak_memory, sample.memory_bytes);
  }
  if (uses.empty()) return {};
  std::sort(uses.begin(), uses.end(), [](const Use &a, const Use &b) { return a.node < b.node; });
  std::size_t width = 4;
  for (const auto &use : uses)
    width = std::clamp(use.node.size(), width, std::size_t{36});
  char row[160];
  std::snprintf(row, sizeof row, "\n  %-*s  %7s  %8s  %8s  %10s\n", static_cast<int>(width), "NODE", "CPU s",
                "MEAN CPU", "PEAK CPU", "PEAK MiB");
  std::string text = row;
  for (const auto &use : uses) {
    const double seconds = std::chrono::duration<double>(use.last - use.first).count();
    const double mean = seconds > 0 ? use.cpu_seconds / seconds * 100 : 0;
    std::snprintf(row, sizeof row, "  %-*.36s  %7.2f  %7.0f%%  %7.0f%%  %10.0f\n", static_cast<int>(width),
                  use.node.c_str(), use.cpu_seconds, mean, use.peak_cpu,
                  static_cast<double>(use.peak_memory) / (1024.0 * 1024.0));
    text += row;
  }
  return text;
}

} // namespace ksail::timing
