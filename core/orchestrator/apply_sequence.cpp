// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_order.hpp"

#include <functional>
#include <queue>

namespace ksail {

std::vector<std::size_t> apply_sequence(const ApplyOrder &order) {
  const std::size_t count = order.steps.size();
  std::vector<std::size_t> missing(count), shut = order.gate_members;
  std::vector<std::vector<std::size_t>> waiting(count), behind(shut.size());
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  for (std::size_t i = 0; i < count; ++i) {
    const ApplyStep &step = order.steps[i];
    for (const auto &edge : step.after)
      waiting[edge.on].push_back(i);
    missing[i] = step.after.size();
    for (const auto gate : step.behind_gates) {
      if (shut[gate] == 0) continue;
      behind[gate].push_back(i);
      ++missing[i];
    }
    if (missing[i] == 0) ready.push(i);
  }
  const auto met = [&](const std::vector<std::size_t> &steps) {
    for (const auto i : steps)
      if (--missing[i] == 0) ready.push(i);
  };
  std::vector<std::size_t> sequence;
  sequence.reserve(count);
  while (!ready.empty()) {
    const std::size_t i = ready.top();
    ready.pop();
    sequence.push_back(i);
    met(waiting[i]);
    for (const auto gate : order.steps[i].in_gates)
      if (--shut[gate] == 0) met(behind[gate]);
  }
  return sequence;
}

} // namespace ksail
