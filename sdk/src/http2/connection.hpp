// SPDX-License-Identifier: Apache-2.0
// A session on a transport: one connection that many requests share.
//
// Lives on the transport's executor. Requests that begin in one turn of the executor leave in one write.
#pragma once

#include "session.hpp"

#include "../http/transport.hpp"

#include <memory>
#include <string>

namespace ksail::http2 {

struct ConnectionOptions {
  http::Endpoint endpoint; ///< for messages and for :authority; without keys
  std::string user_agent;
  Limits limits;
  std::chrono::seconds idle_timeout{30};
};

class Connection {
public:
  Connection(asio::any_io_executor ex, std::shared_ptr<http::Transport> transport, ConnectionOptions options);
  ~Connection(); ///< closes; requests under way end as cancelled
  Connection(const Connection &) = delete;
  Connection &operator=(const Connection &) = delete;

  /// Cancelled, it tells the server so, and the connection goes on. One on which nothing came for the last second of a
  /// cancelled request takes no further ones: nobody tells when a machine that is gone does not answer.
  asio::awaitable<Result<Ended>> send(std::shared_ptr<const http::Request> request);
  /// Not after GOAWAY, when it is broken, or after idle_timeout without a request.
  bool takes_requests() const;
  bool has_answered() const;

private:
  struct State;
  std::shared_ptr<State> state_;
};

} // namespace ksail::http2
