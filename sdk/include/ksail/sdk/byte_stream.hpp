// SPDX-License-Identifier: Apache-2.0
// One connection as a stream of bytes, for protocols other than HTTP/1.1: over a unix socket, TCP, or TLS with a
// protocol agreed on (ALPN, RFC 7301).
//
// Threads: a stream lives on the executor of the coroutine that opened it, which has to be serial. One reader and one
// writer may be at work at the same time. Errors are those of ksail/sdk/http.hpp; one that is worth repeating is marked
// retryable.
#pragma once

#include <ksail/sdk/http.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace ksail {

/// What a TLS connection has to agree on beside certificates; of no effect without TLS.
struct StreamOptions {
  std::string application_protocol; ///< "h2"; a server that chooses another or none is refused; empty: none is offered
  std::string
      public_key_fingerprint; ///< base64 of the SHA-256 of the server's public key (SubjectPublicKeyInfo); empty: any
};

/// A connected stream. Destroying it closes it.
class ByteStream {
public:
  virtual ~ByteStream() = default;
  /// At least one byte; 0 is the end. A read that was cancelled has taken nothing and may be repeated.
  virtual asio::awaitable<Result<std::size_t>> read_some(char *data, std::size_t size) = 0;
  /// A write that fails or is cancelled leaves the stream useless for writing.
  virtual asio::awaitable<Result<void>> write_all(std::string_view bytes) = 0;
  /// Operations under way end with `cancelled`.
  virtual void close() = 0;
};

/// Connects and, with TLS, shakes hands. The server is verified by `endpoint.tls`, and by the fingerprint when there is
/// one: that is for servers whose certificate nobody known has signed, together with verify = false.
asio::awaitable<Result<std::unique_ptr<ByteStream>>> open_byte_stream(http::Endpoint endpoint, StreamOptions options,
                                                                      Deadline deadline);

} // namespace ksail
