// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_turns.hpp"

namespace ksail {

using Need = ApplyStep::Need;

WorkloadTurns::WorkloadTurns(const asio::any_io_executor &ex, const ApplyOrder &order) : order_(order) {
  progress_.reserve(order_.steps.size());
  for (std::size_t i = 0; i < order_.steps.size(); ++i)
    progress_.emplace_back(ex);
  gates_.reserve(order_.gate_members.size());
  for (const auto members : order_.gate_members) {
    Gate &gate = gates_.emplace_back(ex);
    gate.members = members;
    if (members == 0) gate.open.set();
  }
}

asio::awaitable<bool> WorkloadTurns::wait(std::size_t i) {
  const ApplyStep &step = order_.steps[i];
  for (const auto &edge : step.after) {
    Progress &on = progress_[edge.on];
    const bool told = co_await (edge.need == Need::ready ? on.ended.wait() : on.tried.wait());
    if (!told) co_return false;
  }
  for (const auto gate : step.behind_gates) {
    const bool told = co_await gates_[gate].open.wait();
    if (!told) co_return false;
  }
  co_return true;
}

bool WorkloadTurns::met(const ApplyStep::Edge &edge, bool dry_run) const {
  const Progress &on = progress_[edge.on];
  if (edge.need == Need::ended) return true;
  return on.applied && (edge.need == Need::applied || on.ready || dry_run);
}

void WorkloadTurns::tried(std::size_t i) {
  if (progress_[i].tried.is_set()) return;
  progress_[i].tried.set();
  for (const auto gate : order_.steps[i].in_gates)
    if (--gates_[gate].members == 0) gates_[gate].open.set();
}

void WorkloadTurns::ended(std::size_t i) {
  tried(i);
  progress_[i].ended.set();
}

} // namespace ksail
