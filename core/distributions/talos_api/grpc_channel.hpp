// SPDX-License-Identifier: Apache-2.0
// gRPC over a connected stream: the coroutines around GrpcSession.
//
// Threads: a channel lives on the executor it was made on, which has to be serial. Dropping it, or a stream of it, ends
// what runs; calls under way then end with `cancelled`. Errors: those of open_byte_stream and grpc_status.hpp,
// deadline_exceeded and cancelled. A call that may have taken effect is marked outcome_unknown.
#pragma once

#include "distributions/talos_api/grpc_session.hpp"

#include <ksail/sdk/byte_stream.hpp>

#include <memory>
#include <optional>
#include <string>

namespace ksail::talos_api {

/// The messages of a server-streaming call. Must be used on the channel's executor; may outlive the channel, and then
/// ends.
class GrpcStream {
public:
  virtual ~GrpcStream() = default; ///< tells the server that nobody listens any more
  /// The next message; nothing at the regular end. After a failure there is nothing more.
  virtual asio::awaitable<Result<std::optional<std::string>>> next(Deadline deadline) = 0;
};

class GrpcChannel {
public:
  /// Takes over a stream on which the server speaks HTTP/2.
  GrpcChannel(asio::any_io_executor executor, std::unique_ptr<ByteStream> stream, GrpcLimits limits);
  ~GrpcChannel();
  GrpcChannel(GrpcChannel &&) noexcept;
  GrpcChannel &operator=(GrpcChannel &&) noexcept;

  /// One message for one message. The deadline is told to the server as well.
  asio::awaitable<Result<std::string>> unary(GrpcRequest request, Deadline deadline);
  /// The deadline of each message is given to next().
  Result<std::unique_ptr<GrpcStream>> open(const GrpcRequest &request);

  bool usable() const; ///< false when the connection ended or takes no more calls

private:
  struct State;
  std::shared_ptr<State> state_;
};

} // namespace ksail::talos_api
