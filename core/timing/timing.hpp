// SPDX-License-Identifier: Apache-2.0
// Spans: who did what from when to when. Every command records itself; what is shown or written is decided at the end.
//
// Threads: recording is thread-safe. Times are on the monotonic clock; `wall_start` anchors them to the calendar.
#pragma once

#include <ksail/sdk/result.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::timing {

using Clock = std::chrono::steady_clock;

struct Span {
  std::string phase; ///< preflight, prefetch, infrastructure, nodes, bootstrap, cni, join, addons, ready, ...
  std::string name;  ///< the step, e.g. "node:dev-worker"
  Clock::time_point start;
  std::optional<Clock::time_point> end;
  bool failed = false;
  std::vector<std::string> after; ///< names of the steps it waited for: the critical path is found from these
  std::map<std::string, std::string> attributes;
};

/// What a node used at one moment.
struct ResourceSample {
  std::string node;
  Clock::time_point at;
  std::optional<double> cpu_percent; ///< of one processor, since the node's previous sample
  std::uint64_t cpu_ns = 0;          ///< processor time since then
  std::uint64_t memory_bytes = 0;    ///< without the page cache
};

class Recorder {
public:
  Recorder();
  std::size_t begin(std::string phase, std::string name, std::vector<std::string> after = {});
  void end(std::size_t id, bool failed = false);
  void attribute(std::size_t id, std::string key, std::string value);
  void sample(ResourceSample sample);
  std::vector<Span> spans() const;
  std::vector<ResourceSample> samples() const;
  Clock::time_point start() const { return start_; }
  std::chrono::system_clock::time_point wall_start() const { return wall_start_; }
  double elapsed_seconds() const;

private:
  mutable std::mutex mutex_;
  std::vector<Span> spans_;
  std::vector<ResourceSample> samples_;
  Clock::time_point start_;
  std::chrono::system_clock::time_point wall_start_;
};

/// Ends its span when it goes out of scope.
class Scope {
public:
  Scope(Recorder &r, std::string phase, std::string name, std::vector<std::string> after = {});
  ~Scope();
  Scope(const Scope &) = delete;
  Scope &operator=(const Scope &) = delete;
  void fail();

private:
  Recorder &recorder_;
  std::size_t id_;
  bool failed_ = false;
};

/// What a whole command was, for the log line.
struct CommandSummary {
  std::string command;      ///< "cluster create"
  std::string distribution; ///< "Vanilla" or empty
  std::string provider;
  std::string cluster;
  bool failed = false;
  double seconds = 0;
};

/// The steps that determined the total time, first to last.
std::vector<Span> critical_path(const std::vector<Span> &spans);
/// Phases, steps, seconds, a mark on the critical path; fits `width` columns.
std::string table(const std::vector<Span> &spans, double total_seconds, unsigned width);
/// What each node used: seconds of processor time, mean and peak; fits 80 columns. Empty without samples.
std::string resource_table(const std::vector<ResourceSample> &samples);
/// One line for KSAIL_TIMING_LOG. A successful creation contains "cluster create" and the distribution's name and ends in
/// seconds with three decimals; a failure says neither ("cluster creation failed").
std::string log_line(const CommandSummary &summary, std::chrono::system_clock::time_point when);
/// Appends with one atomic O_APPEND write.
Result<void> append_line(const std::string &path, const std::string &line);
/// JSON lines, one per span, one per resource sample and one for the command, for KSAIL_TIMING_JSON / --timing-json.
std::string json_lines(const CommandSummary &summary, const Recorder &recorder);

} // namespace ksail::timing
