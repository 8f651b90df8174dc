// SPDX-License-Identifier: Apache-2.0
// TLS over TCP: authorities, client certificates, and what the other side is checked for.
#pragma once

#include "transport.hpp"

#include <boost/asio/ip/tcp.hpp>

namespace ksail::http {

/// Parses certificates and keys; done once for a client, at its first connection. Reads the system's trust store where
/// no authority is given.
Result<std::shared_ptr<TlsContext>> make_tls_context(const TlsOptions &options);

/// Handshake over a connected socket.
asio::awaitable<Result<std::shared_ptr<Transport>>> secure(asio::ip::tcp::socket socket, const Endpoint &endpoint,
                                                           std::shared_ptr<TlsContext> tls, Protocols protocols);

} // namespace ksail::http
