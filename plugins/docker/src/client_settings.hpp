// SPDX-License-Identifier: Apache-2.0
// What the user's surroundings say about Docker: environment variables and the files below $DOCKER_CONFIG (~/.docker).
// Source: docker(1) "Environment variables" and "Configuration files".
#pragma once

#include <ksail/sdk/result.hpp>

#include <nlohmann/json.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace ksail::docker {

/// Value of an environment variable, empty when it is not set (Docker treats both alike). Injected by tests.
using Variables = std::function<std::string(const char *name)>;

/// The process's own environment.
Variables process_environment();

/// $DOCKER_CONFIG, or ~/.docker.
std::string config_directory(const Variables &variables);

/// The file's bytes; nullopt when there is none. permission_denied or internal when it cannot be read.
Result<std::optional<std::string>> read_file_if_there(const std::string &path);

/// config.json, `{}` when there is none; failed_precondition with the path when it is no JSON object.
Result<nlohmann::json> read_client_config(const Variables &variables);

} // namespace ksail::docker
