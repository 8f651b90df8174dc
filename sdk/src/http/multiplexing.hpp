// SPDX-License-Identifier: Apache-2.0
// The seam between the client and a protocol in which requests share a connection. The client knows no such protocol:
// who wants one hands it in (PoolOptions), and who does not is not linked with it.
#pragma once

#include "transport.hpp"

#include <memory>
#include <optional>

namespace ksail::http {

/// What a shared pool needs of its client; on the client's executor.
class Connector {
public:
  virtual ~Connector() = default;
  virtual asio::awaitable<Result<std::shared_ptr<Transport>>> connect_offering(Protocols protocols) = 0;
  /// A connection whose server takes one request at a time, unused.
  virtual void keep(std::shared_ptr<Transport> transport) = 0;
  virtual Counters &counters() = 0;
};

/// The connections of one client that requests share. Destroying it closes them as soon as no request is under way.
class SharedPool {
public:
  virtual ~SharedPool() = default;
  /// Opens the connection that the next request will find.
  virtual asio::awaitable<Result<void>> connect(std::shared_ptr<Connector> connector) = 0;
  /// Nothing when the server takes one request at a time on a connection: from then on always. The work goes on when
  /// the pool is destroyed meanwhile.
  virtual asio::awaitable<Result<std::optional<Response>>> send(std::shared_ptr<const Request> request,
                                                                std::shared_ptr<Connector> connector) = 0;
};

class Multiplexing {
public:
  virtual ~Multiplexing() = default;
  virtual std::unique_ptr<SharedPool> make_pool(asio::any_io_executor ex, const Endpoint &endpoint,
                                                const PoolOptions &options) const = 0;
};

} // namespace ksail::http
