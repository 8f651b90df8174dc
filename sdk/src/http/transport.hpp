// SPDX-License-Identifier: Apache-2.0
// One connected byte stream, whatever it runs over. One reader and one writer may be at work at the same time, both on
// the executor the transport was made on.
#pragma once

#include <ksail/sdk/http.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::http {

class TlsContext;

/// For operations on sockets: the error code is part of the result instead of an exception.
inline constexpr auto with_error_code = asio::as_tuple(asio::use_awaitable);

class Transport {
public:
  virtual ~Transport() = default;
  /// At least one byte; 0 is the end of the stream. A read that was cancelled has taken nothing and may be repeated.
  virtual asio::awaitable<Result<std::size_t>> read_some(char *data, std::size_t size) = 0;
  /// A write that fails or is cancelled leaves the stream useless for writing.
  virtual asio::awaitable<Result<void>> write_all(std::string_view first, std::string_view second) = 0;
  virtual asio::awaitable<Result<void>> shutdown_write() = 0;
  /// Operations under way end with `cancelled`.
  virtual void close() = 0;
  /// False when the peer has closed, or has sent what nobody asked for: not to be used again. Does not block.
  virtual bool is_idle_and_open() = 0;
  /// How many bytes the kernel has taken so far: unchanged after a failed write means that the peer got nothing of it.
  virtual std::uint64_t bytes_written() const = 0;
  /// The stream ended without the goodbye that TLS has for it, so that what was read may be cut short.
  virtual bool cut_off() const { return false; }
  /// Of the TLS handshake: from what was sent first to what came first (Counters). 0 without TLS.
  virtual std::chrono::nanoseconds round_trip() const { return std::chrono::nanoseconds(0); }
  /// What TLS agreed on (ALPN); empty: nothing.
  virtual std::string application_protocol() const { return {}; }
  /// SubjectPublicKeyInfo of the server's certificate, DER; empty without TLS.
  virtual std::string peer_public_key() const { return {}; }
};

/// What TLS is to agree on (ALPN, RFC 7301), by preference; empty: nothing is offered.
using Protocols = std::vector<std::string>;

/// Connects, within `limit` where there are several things to try. `tls` and `protocols` are for
/// Endpoint::Transport::tls only.
asio::awaitable<Result<std::shared_ptr<Transport>>> connect(const Endpoint &endpoint, std::shared_ptr<TlsContext> tls,
                                                            Protocols protocols, Deadline limit);

} // namespace ksail::http
