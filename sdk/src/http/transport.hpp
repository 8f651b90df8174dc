// SPDX-License-Identifier: Apache-2.0
// One connected byte stream, whatever it runs over. The only heavy headers (asio/ssl) are in transport.cpp.
#pragma once

#include <ksail/sdk/http.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace ksail::http {

class TlsContext;
/// Parses certificates and keys; done once for a client, at its first connection.
Result<std::shared_ptr<TlsContext>> make_tls_context(const TlsOptions &options);

class Transport {
public:
  virtual ~Transport() = default;
  /// At least one byte; 0 is the regular end of the stream.
  virtual asio::awaitable<Result<std::size_t>> read_some(char *data, std::size_t size) = 0;
  virtual asio::awaitable<Result<void>> write_all(std::string_view first, std::string_view second) = 0;
  virtual asio::awaitable<Result<void>> shutdown_write() = 0;
  virtual void close() = 0;
  /// False when the peer has closed, or has sent what nobody asked for: not to be used again. Does not block.
  virtual bool is_idle_and_open() = 0;
};

/// `tls` is needed for Endpoint::Transport::tls only. Cancellable.
asio::awaitable<Result<std::unique_ptr<Transport>>> connect(const Endpoint &endpoint, std::shared_ptr<TlsContext> tls);

} // namespace ksail::http
