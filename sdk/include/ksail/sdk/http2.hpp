// SPDX-License-Identifier: Apache-2.0
// HTTP/2 for the client of ksail/sdk/http.hpp: in a library of its own (KSail::http2), because it needs libnghttp2.
#pragma once

#include <ksail/sdk/http.hpp>

namespace ksail::http {

/// For PoolOptions::multiplexing: over TLS the client offers h2 and http/1.1 (ALPN, RFC 7301), and with a server that
/// takes h2 all requests of send() share one connection as streams (RFC 9113), as many as the server's
/// SETTINGS_MAX_CONCURRENT_STREAMS allows; more wait. Otherwise nothing changes. Lives as long as the program; any
/// thread.
const Multiplexing &http2();

} // namespace ksail::http
