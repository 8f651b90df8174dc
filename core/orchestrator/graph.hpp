// SPDX-License-Identifier: Apache-2.0
// Work as a dependency graph: every step starts the moment the steps it names have ended, and nothing else is waited
// for.
#pragma once

#include "orchestrator/progress.hpp"
#include "timing/timing.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ksail {

struct GraphStep {
  std::string name;  ///< unique, e.g. "infrastructure", "node:dev-worker"
  std::string phase; ///< what the timing table groups by
  std::string title; ///< for people; empty: not shown
  std::vector<std::string> after;
  /// The work. Empty for a milestone: a step that ends when Graph::reached(name) is called by another step.
  std::function<asio::awaitable<Result<void>>()> run;
};

class Graph {
public:
  /// `before` names steps that ended before this graph starts (of an earlier graph): they may be depended on.
  explicit Graph(std::vector<std::string> before = {}) : before_(std::move(before)) {}

  void add(GraphStep step);
  /// Ends a milestone; idempotent, unknown names are ignored. From within run() only, on its executor.
  void reached(std::string_view name);

  /// Names in an order that respects the edges, or what is wrong: unknown name, name given twice, cycle.
  Result<std::vector<std::string>> order() const;
  const std::vector<GraphStep> &steps() const { return steps_; }

  /// Runs everything with as much at once as the edges allow. When a step fails, the others are cancelled and waited
  /// for; every failure is reported, what was only cancelled because of it is not. Milestones that nobody reached
  /// before all working steps ended are a failure that names them.
  asio::awaitable<Result<void>> run(ProgressSink &progress, timing::Recorder &timing);

private:
  asio::awaitable<Result<void>> run_step(std::size_t index, ProgressSink &progress, timing::Recorder &timing);
  void fail_if_stalled();

  std::vector<std::string> before_;
  std::vector<GraphStep> steps_;
  std::map<std::string, std::unique_ptr<Event>, std::less<>> ended_; ///< while run() is active
  bool stalled_ = false;                                             ///< only unreached milestones are left
};

} // namespace ksail
