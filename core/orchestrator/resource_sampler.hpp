// SPDX-License-Identifier: Apache-2.0
// Watches what the nodes use while a cluster is being created: CPU and memory of each, through the provider.
#pragma once

#include "plugins/provider.hpp"
#include "timing/timing.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
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
  ResourceSampler(plugins::Provider &provider, timing::Recorder &timing, std::string cluster,
                  asio::any_io_executor executor);
  /// Samples until release() or cancellation. A provider that cannot measure ends it at once; it never fails.
  asio::awaitable<Result<void>> run(unsigned cpus, Deadline deadline);
  void release() { released_.set(); }

private:
  asio::awaitable<Result<void>> wait_released();
  plugins::Provider &provider_;
  timing::Recorder &timing_;
  std::string cluster_;
  Event released_;
};

} // namespace ksail
