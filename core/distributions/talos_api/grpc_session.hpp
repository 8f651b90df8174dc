// SPDX-License-Identifier: Apache-2.0
// gRPC calls over one HTTP/2 connection, without the connection: bytes go in, bytes come out, events tell what
// happened. Unary and server-streaming calls, as many at once as the server allows.
//
// Sources: RFC 9113, and PROTOCOL-HTTP2.md of gRPC. HTTP/2 itself is libnghttp2's work; it answers pings and settings,
// keeps flow control, and refuses what breaks the protocol.
//
// Threads: one at a time. Errors of a call end that call alone; what breaks the connection ends all of them, those the
// server has surely not looked at as retryable.
#pragma once

#include <ksail/sdk/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ksail::talos_api {

/// A call, complete: servers of ours take one message and answer with one or many.
struct GrpcRequest {
  std::string method;                                        ///< "/machine.MachineService/Version"
  std::string authority;                                     ///< "10.5.0.2:50000"
  std::string message;                                       ///< encoded
  std::vector<std::pair<std::string, std::string>> metadata; ///< e.g. node; names in lower case
  std::int64_t timeout_ms = 0;                               ///< told to the server; 0: none
};

struct GrpcEvent {
  enum class Kind { message, finished };
  Kind kind = Kind::message;
  std::int32_t call = 0;
  std::string message;          ///< one whole message
  std::optional<Error> failure; ///< of finished: nothing when the status was OK
};

struct GrpcLimits {
  std::size_t message_bytes = 32u << 20; ///< of one message; that is the servers' own limit
  std::size_t queued_bytes = 1u << 20;   ///< of messages of one call nobody took: the server then has to wait
};

class GrpcSession {
public:
  explicit GrpcSession(GrpcLimits limits);
  ~GrpcSession();
  GrpcSession(const GrpcSession &) = delete;
  GrpcSession &operator=(const GrpcSession &) = delete;

  /// The number of the new call, or a retryable failure when the connection takes no more (after GOAWAY).
  Result<std::int32_t> start(const GrpcRequest &request);
  /// Nobody wants the answer any more: the server is told, and no further event comes.
  void cancel(std::int32_t call);
  /// A message was taken out of the caller's queue: the server may send that much more.
  void taken(std::int32_t call, std::size_t bytes);

  /// What the server sent. False: the connection is of no use any more (events tell the calls).
  bool receive(std::string_view bytes);
  /// The connection has ended; `reason` is why, when it is known.
  void disconnected(std::optional<Error> reason);
  /// What has to be sent now; empty: nothing.
  std::string take_output();
  std::optional<GrpcEvent> next_event();

  bool takes_calls() const;       ///< false after GOAWAY and once it is broken
  std::size_t open_calls() const; ///< started and not finished

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace ksail::talos_api
