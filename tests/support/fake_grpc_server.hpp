// SPDX-License-Identifier: Apache-2.0
// The server's side of gRPC over HTTP/2, without a connection.
#pragma once

#include "fake_http2_server.hpp"

namespace ksail::test {

inline std::string grpc_frame(std::string_view message, char flag = 0) {
  std::string out(5, '\0');
  out[0] = flag;
  for (int i = 0; i < 4; ++i)
    out[static_cast<std::size_t>(4 - i)] = static_cast<char>(message.size() >> (8 * i) & 0xff);
  return out.append(message);
}

/// What a gRPC server says unless a test has it say something else.
class FakeGrpcServer : public FakeHttp2Server {
public:
  void answer(std::int32_t stream, std::string body, Fields trailers = {{"grpc-status", "0"}},
              Fields head = {{":status", "200"}, {"content-type", "application/grpc"}}) {
    FakeHttp2Server::answer(stream, std::move(body), std::move(trailers), std::move(head));
  }
  void begin(std::int32_t stream, std::string body) {
    FakeHttp2Server::begin(stream, std::move(body), {{":status", "200"}, {"content-type", "application/grpc"}});
  }
  void more(std::int32_t stream, std::string body, bool ends, Fields trailers = {{"grpc-status", "0"}}) {
    FakeHttp2Server::more(stream, std::move(body), ends, std::move(trailers));
  }
  /// An answer of nothing but a head, as gRPC fails at once.
  void refuse(std::int32_t stream, const Fields &head) { head_only(stream, head); }
};

} // namespace ksail::test
