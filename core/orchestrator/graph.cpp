// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/graph.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <set>

namespace ksail {

void Graph::add(GraphStep step) { steps_.push_back(std::move(step)); }

void Graph::reached(std::string_view name) {
  if (auto found = ended_.find(name); found != ended_.end()) found->second->set();
}

Result<std::vector<std::string>> Graph::order() const {
  std::map<std::string, std::size_t, std::less<>> index;
  const std::set<std::string, std::less<>> before(before_.begin(), before_.end());
  for (std::size_t i = 0; i < steps_.size(); ++i)
    if (!index.emplace(steps_[i].name, i).second)
      return Error(Code::internal, "step '" + steps_[i].name + "' is in the graph twice");
  std::vector<unsigned> missing(steps_.size(), 0);
  std::vector<std::vector<std::size_t>> followers(steps_.size());
  for (std::size_t i = 0; i < steps_.size(); ++i)
    for (const auto &name : steps_[i].after) {
      if (before.contains(name)) continue;
      auto found = index.find(name);
      if (found == index.end())
        return Error(Code::internal,
                     "step '" + steps_[i].name + "' comes after '" + name + "', which is not in the graph");
      followers[found->second].push_back(i);
      ++missing[i];
    }
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < steps_.size(); ++i)
    if (missing[i] == 0) ready.push_back(i);
  std::vector<std::string> names;
  for (std::size_t at = 0; at < ready.size(); ++at) {
    names.push_back(steps_[ready[at]].name);
    for (auto follower : followers[ready[at]])
      if (--missing[follower] == 0) ready.push_back(follower);
  }
  if (names.size() != steps_.size()) {
    std::string stuck;
    for (std::size_t i = 0; i < steps_.size(); ++i)
      if (missing[i] != 0) stuck += (stuck.empty() ? "" : ", ") + steps_[i].name;
    return Error(Code::internal, "steps wait for each other in a circle: " + stuck);
  }
  return names;
}

asio::awaitable<Result<void>> Graph::run_step(std::size_t index, ProgressSink &progress, timing::Recorder &timing) {
  const GraphStep &step = steps_[index];
  for (const auto &name : step.after)
    if (auto found = ended_.find(name); found != ended_.end()) {
      const bool reached = co_await found->second->wait();
      if (!reached) co_return Error(Code::cancelled, step.name + " was cancelled before it started");
    }
  const auto span = timing.begin(step.phase, step.name, step.after);
  const bool shown = !step.title.empty();
  if (shown) progress.step_started(step.name, step.title);
  const auto start = Clock::now();
  Result<void> result = Result<void>();
  if (step.run) {
    result = co_await step.run();
  } else {
    const bool reached = co_await ended_.find(step.name)->second->wait();
    if (!reached) result = Error(Code::cancelled, step.name + " was cancelled");
    if (stalled_)
      result = Error(Code::internal, "nothing reported '" + step.name + "', and every other step has ended");
  }
  timing.end(span, !result);
  if (shown)
    progress.step_ended(step.name, result.has_value(), std::chrono::duration<double>(Clock::now() - start).count());
  if (result) {
    ended_.find(step.name)->second->set();
    fail_if_stalled();
  }
  co_return result;
}

void Graph::fail_if_stalled() {
  const auto ended = [this](std::string_view name) {
    const auto found = ended_.find(name);
    return found == ended_.end() || found->second->is_set();
  };
  for (const auto &step : steps_) {
    const bool can_go_on = std::all_of(step.after.begin(), step.after.end(), ended);
    if (step.run && !ended(step.name) && can_go_on) return; // it runs, or is about to
  }
  for (const auto &step : steps_)
    if (!step.run && !ended(step.name)) {
      stalled_ = true;
      ended_.find(step.name)->second->set();
    }
}

asio::awaitable<Result<void>> Graph::run(ProgressSink &progress, timing::Recorder &timing) {
  auto sorted = order();
  if (!sorted) co_return sorted.error();
  const auto executor = co_await asio::this_coro::executor;
  ended_.clear();
  stalled_ = false;
  for (const auto &step : steps_)
    ended_.emplace(step.name, std::make_unique<Event>(executor));
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (std::size_t i = 0; i < steps_.size(); ++i)
    work.push_back([this, i, &progress, &timing] { return run_step(i, progress, timing); });
  ForEachOptions all_at_once;
  Result<void> result = co_await run_all(std::move(work), all_at_once);
  ended_.clear();
  co_return result;
}

} // namespace ksail
