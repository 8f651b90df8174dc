// SPDX-License-Identifier: Apache-2.0
// Where the engine is: DOCKER_HOST, else the context of DOCKER_CONTEXT or config.json's currentContext, else the
// default socket. The order is the docker command's.
#pragma once

#include "client_settings.hpp"

#include <ksail/sdk/http.hpp>

#include <string>

namespace ksail::docker {

struct EngineAddress {
  http::Endpoint endpoint;
  std::string base_path; ///< of a tcp URL with a path, without trailing slash
  std::string shown;     ///< as the user wrote it, for messages
  std::string origin;    ///< "DOCKER_HOST", "context 'lab'" or "default"
  /// A unix socket: the engine runs on this host, its ports and routes are ours.
  bool local() const { return endpoint.transport == http::Endpoint::Transport::unix_socket; }
};

/// Reads environment, context and certificate files; connects to nothing.
Result<EngineAddress> resolve_engine_address(const Variables &variables);

/// Folder name of a context's files: SHA-256 of its name in hexadecimal.
std::string context_digest(std::string_view name);

} // namespace ksail::docker
