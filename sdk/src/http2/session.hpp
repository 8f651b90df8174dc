// SPDX-License-Identifier: Apache-2.0
// The client's side of one HTTP/2 connection, without the connection: bytes go in, bytes come out, events tell which
// requests have ended and how. As many requests at once as the server allows; more wait in here.
//
// Sources: RFC 9113 (sections are named where they matter) and RFC 7541. Frames, header compression and flow control
// are libnghttp2's work; it answers PING and SETTINGS and refuses what breaks the protocol.
//
// Threads: one at a time. A fault of one answer ends that request alone; what breaks the connection ends all of them.
#pragma once

#include <ksail/sdk/http.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ksail::http2 {

struct Limits {
  std::size_t body_bytes = 256u << 20;  ///< of one answer
  std::size_t header_bytes = 64u << 10; ///< of one answer's fields, head and trailers, as section 10.5.1 counts them
};

/// The end of a request.
struct Ended {
  std::int32_t stream = 0;
  Result<http::Response> answer = Error(Code::unknown, "");
  bool sent = false;    ///< its head was handed out by take_output()
  bool refused = false; ///< the server has surely not looked at it: it may be sent again, whatever its method
  bool begun = false;   ///< the head of its answer had come
};

class Session {
public:
  explicit Session(Limits limits);
  ~Session();
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;

  /// The number of the request's stream; invalid_argument where it cannot be written down, unavailable when
  /// takes_requests() is false. `request.source` is not for here.
  Result<std::int32_t> start(std::shared_ptr<const http::Request> request, const http::Endpoint &endpoint,
                             const std::string &user_agent);
  /// Nobody wants the answer any more: the server is told, and no event comes. Whether the request had been sent.
  bool cancel(std::int32_t stream);

  /// What the server sent. False: the connection is of no use any more, and events tell what became of the requests.
  bool receive(std::string_view bytes);
  /// The connection has ended; `reason` is why, when it is known.
  void disconnected(std::optional<Error> reason);
  /// What has to be sent now; empty: nothing. What is waiting for the server's flow control is not in it.
  std::string take_output();
  std::optional<Ended> next_ended();

  bool takes_requests() const;       ///< false after GOAWAY and once it is broken
  bool broken() const;               ///< nothing more comes of it, nor goes
  std::size_t open_requests() const; ///< started, and neither ended nor cancelled
  bool has_answered() const;         ///< an answer's head has come over it

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace ksail::http2
