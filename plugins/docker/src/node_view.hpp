// SPDX-License-Identifier: Apache-2.0
// A node as provider-1.md shows it, made from what the engine says or from what it was just told.
#pragma once

#include "container_body.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace ksail::docker {

/// From one entry of GET /containers/json. What the list does not tell is 0 or empty: started_unix, and the ports of a
/// node that does not run.
nlohmann::json node_from_list_entry(const nlohmann::json &entry);

/// From GET /containers/{id}/json.
nlohmann::json node_from_inspection(const nlohmann::json &container);

/// Of a node that was made from a template a moment ago; asks nobody.
nlohmann::json node_from_template(const NodeTemplate &node, const ClusterSettings &cluster, const std::string &id,
                                  bool running, std::int64_t now_unix);

/// Seconds since 1970 of "2024-05-01T10:00:00.123456789Z"; 0 for anything else and for Go's zero time.
std::int64_t unix_time(const std::string &rfc3339);

/// Name of a list entry without its slash.
std::string entry_name(const nlohmann::json &entry);

} // namespace ksail::docker
