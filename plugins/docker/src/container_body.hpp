// SPDX-License-Identifier: Apache-2.0
// What the engine is told to create a node's container.
#pragma once

#include "node_template.hpp"

namespace ksail::docker {

/// What every node of one request shares.
struct ClusterSettings {
  std::string cluster;
  std::string network;
  std::string request_id;
  nlohmann::json labels = nlohmann::json::object();
};

/// Body of POST /containers/create (Docker Engine API 1.41). Ports have been chosen.
nlohmann::json create_body(const NodeTemplate &node, const ClusterSettings &cluster);

/// Labels of the container: the template's, the request's and those by which it is found again.
nlohmann::json container_labels(const NodeTemplate &node, const ClusterSettings &cluster);

} // namespace ksail::docker
