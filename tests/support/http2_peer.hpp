// SPDX-License-Identifier: Apache-2.0
// A FakeHttp2Server behind an accepted connection.
#pragma once

#include "fake_http2_server.hpp"
#include "raw_server.hpp"

#include <functional>
#include <memory>
#include <set>

namespace ksail::test {

/// Speaks HTTP/2 with one client until it goes, and calls `on_request` for each request that has come whole. What is to
/// be answered later needs a further request, or PING, of the client's before it is written.
inline asio::awaitable<void>
serve_http2(std::shared_ptr<Peer> peer, std::shared_ptr<FakeHttp2Server> server,
            std::function<void(FakeHttp2Server &, const FakeHttp2Server::Request &)> on_request) {
  std::set<std::int32_t> told;
  std::string buffer(1 << 16, '\0');
  for (;;) {
    std::string bytes = server->take_output();
    if (!bytes.empty()) {
      const bool written = co_await peer->write(std::move(bytes));
      if (!written) co_return;
    }
    const auto count = co_await peer->read_some(buffer.data(), buffer.size());
    if (count == 0 || !server->receive(std::string_view(buffer).substr(0, count))) co_return;
    for (std::size_t i = 0; i < server->requests.size(); ++i) {
      const FakeHttp2Server::Request request = server->requests[i];
      if (request.complete && told.insert(request.stream).second) on_request(*server, request);
    }
  }
}

} // namespace ksail::test
