// SPDX-License-Identifier: Apache-2.0
// One request and its answer over one connection.
#pragma once

#include "message.hpp"
#include "transport.hpp"

#include <ksail/sdk/detail/async_impl.hpp>

#include <memory>
#include <string>

namespace ksail::http {

constexpr std::size_t read_size = 64 * 1024;

/// A transport and what was read from it beyond the message that ended.
struct Connection {
  std::shared_ptr<Transport> transport; ///< shared with a body that is still being sent
  std::string surplus;
  std::string buffer; ///< of reads; kept between them
  bool reused = false;
  bool unused = false; ///< nothing has been sent over it so far
  Clock::time_point idle_since;
};

/// Sends `request` and reads its answer, or the head of it, into `reader`. Several calls of one object follow each
/// other on the same connection: first read_head, then read_rest.
///
/// The body is sent while the answer is already read, so that a server may answer early ("404" while an archive is
/// still on its way): a refusal stops the body and is the result, and nobody sees a broken pipe.
class Exchange {
public:
  Exchange(std::shared_ptr<const Request> request, Connection connection);
  /// Stops a body that is still being sent and closes the connection, unless release() has taken it.
  ~Exchange();
  Exchange(const Exchange &) = delete;
  Exchange &operator=(const Exchange &) = delete;

  /// Sends `head` and the body, and reads the answer's head.
  asio::awaitable<Result<void>> read_head(std::string head);
  /// Reads the whole body into the reader, at most `limit` bytes.
  asio::awaitable<Result<void>> read_rest(std::size_t limit);
  /// The next piece of the body; empty: its end.
  asio::awaitable<Result<std::string>> next_piece();

  ResponseReader &reader() { return reader_; }
  Connection &connection() { return connection_; }
  bool anything_sent() const { return connection_.transport->bytes_written() != written_before_; }
  bool answer_started() const { return started_; }
  /// The connection is in order for a further request.
  bool reusable() const;
  Connection release();
  void close();

private:
  asio::awaitable<Result<void>> read_more();

  std::shared_ptr<const Request> request_;
  Connection connection_;
  ResponseReader reader_;
  std::uint64_t written_before_;
  Result<void> sent_;                           ///< of the head, and of the body where it goes with it
  std::shared_ptr<detail::Child<void>> sender_; ///< sends the body beside the reading
  bool started_ = false;
};

} // namespace ksail::http
