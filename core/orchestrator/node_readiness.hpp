// SPDX-License-Identifier: Apache-2.0
// What the API server says of nodes, read from Node objects. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>

namespace ksail {

struct NodeReadiness {
  std::string name;
  bool ready = false;
  std::string reason; ///< why not: the condition's message or reason
  std::string kubelet_version;
  std::int64_t heartbeat_unix = 0; ///< when the kubelet last wrote the condition; 0 when it never did
};

/// From a v1 Node object.
NodeReadiness node_readiness(const nlohmann::json &node);

} // namespace ksail
