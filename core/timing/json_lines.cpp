// SPDX-License-Identifier: Apache-2.0
#include "timing/timing.hpp"
#include "timing/wall_time.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace ksail::timing {

namespace {

double milliseconds_kept(double seconds) { return std::round(seconds * 1000) / 1000; }

std::string line(const nlohmann::ordered_json &value) {
  return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

} // namespace

std::string json_lines(const CommandSummary &summary, const Recorder &recorder) {
  const auto spans = recorder.spans();
  const auto path = critical_path(spans);
  const auto since = [&](Clock::time_point at) {
    return milliseconds_kept(std::chrono::duration<double>(at - recorder.start()).count());
  };
  // Lines of many runs share a file: `run` tells them apart.
  const std::string run = wall_time(recorder.wall_start());
  std::string text;
  for (const auto &span : spans) {
    nlohmann::ordered_json value = {
        {"apiVersion", "ksail.io/v1alpha1"}, {"kind", "Span"}, {"run", run}, {"phase", span.phase}, {"name", span.name},
        {"start", since(span.start)}};
    if (span.end) {
      value["end"] = since(*span.end);
      value["seconds"] = milliseconds_kept(std::chrono::duration<double>(*span.end - span.start).count());
    }
    value["failed"] = span.failed;
    value["critical"] = std::any_of(path.begin(), path.end(),
                                    [&](const Span &p) { return p.name == span.name && p.start == span.start; });
    value["after"] = span.after;
    if (!span.attributes.empty()) value["attributes"] = span.attributes;
    text += line(value);
  }
  for (const auto &sample : recorder.samples()) {
    nlohmann::ordered_json value = {{"apiVersion", "ksail.io/v1alpha1"}, {"kind", "ResourceSample"}, {"run", run},
                                    {"node", sample.node},               {"at", since(sample.at)}};
    if (sample.cpu_percent) value["cpuPercent"] = std::round(*sample.cpu_percent * 10) / 10;
    value["memoryBytes"] = sample.memory_bytes;
    text += line(value);
  }
  nlohmann::ordered_json command = {{"apiVersion", "ksail.io/v1alpha1"},
                                    {"kind", "Command"},
                                    {"run", run},
                                    {"command", summary.command},
                                    {"distribution", summary.distribution},
                                    {"provider", summary.provider},
                                    {"cluster", summary.cluster},
                                    {"failed", summary.failed},
                                    {"seconds", milliseconds_kept(summary.seconds)}};
  return text + line(command);
}

} // namespace ksail::timing
