// SPDX-License-Identifier: Apache-2.0
// The `server` of a kubeconfig cluster.
#pragma once

#include <ksail/sdk/result.hpp>

#include <cstdint>
#include <string>

namespace ksail::kubernetes {

struct ServerUrl {
  bool tls = true;
  std::string host; ///< IPv6 without brackets
  std::uint16_t port = 443;
  std::string base_path; ///< "" or "/k8s/clusters/x", without a trailing slash
};

/// As client-go reads it: a missing scheme is http, unless the cluster has TLS settings (`tls_configured`).
Result<ServerUrl> parse_server_url(const std::string &url, bool tls_configured);

} // namespace ksail::kubernetes
