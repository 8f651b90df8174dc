// SPDX-License-Identifier: Apache-2.0
// Provider verbs with the core's retry rule: only what is marked retryable, and after an unknown outcome only once it
// was observed what is there.
#pragma once

#include "distributions/distribution.hpp"
#include "orchestrator/cluster.hpp"
#include "orchestrator/node_answer.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace ksail {

/// One verb, repeated as its failures allow. `body` of a mutating verb carries its "operation_id", so that a repetition
/// finds what the first attempt made.
asio::awaitable<Result<plugins::Reply>> call_verb(plugins::Provider &provider, std::string verb, nlohmann::json body,
                                                  std::vector<plugins::Blob> blobs, Deadline deadline,
                                                  plugins::EventHandler on_event);

/// Nodes of `cluster`, or of all clusters when it is empty: one observe call.
asio::awaitable<Result<std::vector<ProviderNode>>> observe_nodes(plugins::Provider &provider, std::string cluster,
                                                                 Deadline deadline);

/// NodeAccess over a provider. Both references outlive it.
class ProviderNodeAccess final : public NodeAccess {
public:
  ProviderNodeAccess(plugins::Provider &provider, std::string cluster)
      : provider_(provider), cluster_(std::move(cluster)) {}
  asio::awaitable<Result<ExecOutput>> exec(std::string node, std::vector<std::string> argv, std::string standard_input,
                                           Deadline deadline) override;
  asio::awaitable<Result<std::string>> copy_from(std::string node, std::string path, Deadline deadline) override;
  asio::awaitable<Result<std::string>> log_tail(std::string node, unsigned lines, Deadline deadline) override;

private:
  plugins::Provider &provider_;
  std::string cluster_;
};

} // namespace ksail
