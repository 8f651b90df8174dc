// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/backoff.hpp"

#include <algorithm>
#include <optional>
#include <random>

namespace ksail {

std::optional<std::chrono::milliseconds> Backoff::next(const Error &error, Clock::time_point now, Deadline deadline) {
  if (!error.retryable) return std::nullopt;
  const double drawn = std::clamp(jitter_(), 0.0, 1.0);
  const auto half = step_ / 2;
  auto delay = half + std::chrono::milliseconds(static_cast<std::int64_t>(drawn * static_cast<double>(half.count())));
  delay = std::max(delay, error.retry_after);
  if (!deadline.is_never() && now + delay >= deadline.at()) return std::nullopt;
  ++attempts_;
  step_ = std::min(step_ * 2, longest_delay);
  return delay;
}

Backoff::Jitter random_jitter() {
  // Seeding takes as long as a request, and most requests need no second attempt: it waits for the first use.
  return [engine = std::optional<std::minstd_rand>()]() mutable {
    if (!engine) engine.emplace(std::random_device{}());
    return std::uniform_real_distribution<double>(0.0, 1.0)(*engine);
  };
}

} // namespace ksail
