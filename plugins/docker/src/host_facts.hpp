// SPDX-License-Identifier: Apache-2.0
// What GET /info says about the machine the engine runs on.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace ksail::docker {

/// The `host` of provider-1.md's `validate`.
nlohmann::json host_facts(const nlohmann::json &info, const std::string &api_version);

/// What makes nodes fail or crawl on this host, one sentence each.
std::vector<std::string> host_warnings(const nlohmann::json &info);

/// Whether the engine runs without root.
bool is_rootless(const nlohmann::json &info);

int cgroup_version(const nlohmann::json &info);

} // namespace ksail::docker
