// SPDX-License-Identifier: Apache-2.0
// A scripted HTTP server on 127.0.0.1, for what a real API server does rarely: 429, 410, a stream cut midway, no
// answer. Runs on the test's own io_context, so a test is one thread and needs no locks and no waiting.
#pragma once

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/http.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ksail::test {

struct FakeRequest {
  std::string method, target, body;
  http::Headers headers;
};

struct FakeReply {
  enum class End {
    complete, ///< a regular end of the answer; the connection is kept
    hold,     ///< the stream stays open until the server stops
    cut,      ///< the connection is closed in the middle
    silent    ///< closed before a single byte
  };
  int status = 200;
  http::Headers headers;
  std::string body;                ///< sent with Content-Length, unless there are pieces
  std::vector<std::string> pieces; ///< sent as chunks, one by one
  End end = End::complete;
  std::shared_ptr<Event> after; ///< not answered before this is set

  FakeReply() = default;
  FakeReply(int s, std::string b) : status(s), body(std::move(b)) {}
};

class FakeApiServer {
public:
  using Handler = std::function<FakeReply(const FakeRequest &)>;

  FakeApiServer(asio::any_io_executor ex, Handler handler);
  ~FakeApiServer();
  void stop(); ///< closes everything
  std::uint16_t port() const;
  const std::vector<FakeRequest> &seen() const;
  std::size_t in_flight() const;
  std::size_t most_in_flight() const;

private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

} // namespace ksail::test
