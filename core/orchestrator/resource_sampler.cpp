// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/resource_sampler.hpp"

#include "orchestrator/beside.hpp"

#include <boost/asio/this_coro.hpp>

namespace ksail {

namespace {

constexpr std::chrono::milliseconds interval{500}; ///< from the beginning of one to that of the next
constexpr int failures_until_it_gives_up = 5;

std::uint64_t number(const nlohmann::json &node, const char *key) {
  const auto found = node.find(key);
  return found != node.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

} // namespace

std::vector<timing::ResourceSample> ResourceUse::add(const nlohmann::json &answer, timing::Clock::time_point at) {
  std::vector<timing::ResourceSample> samples;
  const auto nodes = answer.find("nodes");
  if (nodes == answer.end() || !nodes->is_array()) return samples;
  for (const auto &node : *nodes) {
    if (!node.is_object() || !node.contains("name") || !node["name"].is_string()) continue;
    timing::ResourceSample sample;
    sample.node = node["name"].get<std::string>();
    sample.at = at;
    sample.memory_bytes = number(node, "memory_bytes");
    Last now{number(node, "cpu_ns_total"), number(node, "system_ns"), at};
    const auto last = last_.find(sample.node);
    // A counter that went back is that of a node which started anew.
    if (last != last_.end() && now.cpu_ns >= last->second.cpu_ns) {
      const double used = static_cast<double>(now.cpu_ns - last->second.cpu_ns);
      if (now.system_ns > last->second.system_ns)
        sample.cpu_percent = used / static_cast<double>(now.system_ns - last->second.system_ns) * cpus_ * 100;
      else if (at > last->second.at) // a provider that does not know what its host did
        sample.cpu_percent = used / static_cast<double>(std::chrono::nanoseconds(at - last->second.at).count()) * 100;
      sample.cpu_ns = now.cpu_ns - last->second.cpu_ns;
    }
    last_[sample.node] = now;
    samples.push_back(std::move(sample));
  }
  return samples;
}

ResourceSampler::ResourceSampler(plugins::Provider &provider, timing::Recorder &timing, std::string cluster)
    : provider_(provider), timing_(timing), cluster_(std::move(cluster)) {}

asio::awaitable<Result<void>> ResourceSampler::run(std::function<asio::awaitable<Result<void>>()> work, unsigned cpus,
                                                   Deadline deadline) {
  std::function<asio::awaitable<Result<void>>()> sampling = [&]() -> asio::awaitable<Result<void>> {
    co_await sample(cpus, deadline);
    co_return Result<void>();
  };
  co_return co_await run_beside(std::move(work), std::move(sampling));
}

asio::awaitable<void> ResourceSampler::sample(unsigned cpus, Deadline deadline) {
  co_await asio::this_coro::throw_if_cancelled(false);
  ResourceUse use(cpus);
  int failures = 0;
  while (!deadline.passed() && failures < failures_until_it_gives_up) {
    const auto begin = timing::Clock::now();
    nlohmann::json body = {{"cluster", cluster_}};
    auto answer =
        co_await provider_.call("stats", std::move(body), deadline.min(Deadline::after(std::chrono::seconds(2))));
    if (!answer && (answer.error().code == Code::unimplemented || answer.error().code == Code::cancelled)) break;
    failures = answer ? 0 : failures + 1;
    if (answer)
      for (auto &sample : use.add(answer->body, timing::Clock::now()))
        timing_.sample(std::move(sample));
    // Use is a curve: looking at it regularly is the only way.
    const auto spent = timing::Clock::now() - begin;
    if (spent >= interval) continue;
    const bool waited = co_await sleep_for(interval - spent);
    if (!waited) break;
  }
}

} // namespace ksail
