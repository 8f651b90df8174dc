// SPDX-License-Identifier: Apache-2.0
// Watches what the nodes use while a cluster is being created: CPU and memory of each, through the provider.
#pragma once

#include "plugins/provider.hpp"
#include "timing/timing.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace ksail {

/// Turns answers of the verb `stats` into samples. Pure. The CPU share is the difference to the previous answer,
/// against the time that the host's processors spent meanwhile, as `docker stats` counts it; so a node's first answer
/// gives none.
class ResourceUse {
public:
  explicit ResourceUse(unsigned cpus) : cpus_(cpus == 0 ? 1 : cpus) {}
  std::vector<timing::ResourceSample> add(const nlohmann::json &answer, timing::Clock::time_point at);

private:
  struct Last {
    std::uint64_t cpu_ns = 0, system_ns = 0;
    timing::Clock::time_point at;
  };
  unsigned cpus_;
  std::map<std::string, Last> last_;
};

class ResourceSampler {
public:
  /// References outlive it.
  ResourceSampler(plugins::Provider &provider, timing::Recorder &timing, std::string cluster);
  /// Samples while `work` runs, whose result it returns, at once: a measurement on its way is cancelled. A provider
  /// that cannot measure only makes samples missing.
  asio::awaitable<Result<void>> run(std::function<asio::awaitable<Result<void>>()> work, unsigned cpus,
                                    Deadline deadline);

private:
  asio::awaitable<void> sample(unsigned cpus, Deadline deadline);
  plugins::Provider &provider_;
  timing::Recorder &timing_;
  std::string cluster_;
};

} // namespace ksail
