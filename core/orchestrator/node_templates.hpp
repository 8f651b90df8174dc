// SPDX-License-Identifier: Apache-2.0
// Nodes as a distribution wants them, as a provider is asked for them (sdk/docs/provider-1.md).
#pragma once

#include "distributions/distribution.hpp"
#include "orchestrator/cluster.hpp"

#include <vector>

namespace ksail {

struct NodeRequest {
  nlohmann::json templates = nlohmann::json::array();
  /// Contents of files, which may be keys: no JSON that might be logged ever holds one.
  std::vector<plugins::Blob> blobs;
};

/// With `shared_volumes`, nodes that run pods share a volume for images on their way.
NodeRequest node_request(const std::vector<NodeTemplate> &nodes, bool shared_volumes);

} // namespace ksail
