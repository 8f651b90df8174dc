// SPDX-License-Identifier: Apache-2.0
// A server of bytes: what it sends, when, and how it ends a connection is written down by the test, so that truncated,
// early, slow and malformed answers can be provoked. Lives on the test's own io_context.
#pragma once

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/http.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <functional>
#include <memory>
#include <string>
#include <sys/socket.h>

namespace ksail::test {

/// One accepted connection, as the script of a server sees it. Reads give what has come when the client has gone.
class Peer {
public:
  using Socket = asio::generic::stream_protocol::socket;

  explicit Peer(Socket socket) : socket_(std::move(socket)) {}
  virtual ~Peer() = default;

  virtual asio::awaitable<std::size_t> read_some(char *data, std::size_t size) {
    auto [ec, count] = co_await socket_.async_read_some(asio::buffer(data, size), asio::as_tuple(asio::use_awaitable));
    co_return ec ? 0 : count;
  }
  virtual asio::awaitable<bool> write(std::string text) {
    auto [ec, count] = co_await asio::async_write(socket_, asio::buffer(text), asio::as_tuple(asio::use_awaitable));
    co_return !ec;
  }
  virtual asio::awaitable<void> end_output() {
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    co_return;
  }
  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }
  /// Closes so that the client gets "connection reset" (TCP).
  void reset() {
    boost::system::error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
  }

  /// Up to and with `marker`; less when the client has gone.
  asio::awaitable<std::string> until(std::string marker) {
    for (;;) {
      const auto at = pending_.find(marker);
      if (at != std::string::npos) {
        std::string result = pending_.substr(0, at + marker.size());
        pending_.erase(0, at + marker.size());
        co_return result;
      }
      const bool more = co_await read_more();
      if (!more) co_return std::exchange(pending_, std::string());
    }
  }
  asio::awaitable<std::string> exactly(std::size_t size) {
    while (pending_.size() < size) {
      const bool more = co_await read_more();
      if (!more) break;
    }
    std::string result = pending_.substr(0, size);
    pending_.erase(0, size);
    co_return result;
  }
  asio::awaitable<std::string> to_end() {
    while (co_await read_more()) {
    }
    co_return std::exchange(pending_, std::string());
  }
  asio::awaitable<std::string> head() { return until("\r\n\r\n"); }

protected:
  Socket socket_;

private:
  asio::awaitable<bool> read_more() {
    std::string buffer(16384, '\0');
    const auto count = co_await read_some(buffer.data(), buffer.size());
    pending_.append(buffer, 0, count);
    co_return count > 0;
  }
  std::string pending_;
};

using Script = std::function<asio::awaitable<void>(std::shared_ptr<Peer> peer, int number)>;
/// Makes the peer of a connection; the TLS tests do the handshake there. Null: the connection is dropped.
using MakePeer = std::function<asio::awaitable<std::shared_ptr<Peer>>(Peer::Socket socket)>;

/// Accepts until it is destroyed, and runs `script` for every connection with its number, from 1 on.
class RawServer {
public:
  RawServer(asio::io_context &io, Script script, MakePeer make = plain)
      : RawServer(io, tcp(io), std::move(script), std::move(make)) {}
  RawServer(asio::io_context &io, const std::string &unix_path, Script script)
      : RawServer(io, unix_socket(io, unix_path), std::move(script), plain) {}
  ~RawServer() {
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
  }
  RawServer(const RawServer &) = delete;
  RawServer &operator=(const RawServer &) = delete;

  std::uint16_t port() const { return state_->port; }
  int accepted() const { return state_->accepted; }
  http::Endpoint endpoint() const { return http::Endpoint::tcp("127.0.0.1", port()); }

private:
  using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;
  struct State {
    State(asio::io_context &io, Script s, MakePeer m) : acceptor(io), script(std::move(s)), make(std::move(m)) {}
    Acceptor acceptor;
    Script script;
    MakePeer make;
    std::uint16_t port = 0;
    int accepted = 0;
  };
  RawServer(asio::io_context &io, asio::generic::stream_protocol::endpoint at, Script script, MakePeer make)
      : state_(std::make_shared<State>(io, std::move(script), std::move(make))) {
    state_->acceptor.open(at.protocol());
    state_->acceptor.bind(at);
    state_->acceptor.listen();
    if (at.protocol().family() == AF_INET) {
      asio::ip::tcp::endpoint bound;
      const auto actual = state_->acceptor.local_endpoint();
      std::memcpy(bound.data(), actual.data(), actual.size());
      state_->port = bound.port();
    }
    asio::co_spawn(io, accept(state_), [](std::exception_ptr) {});
  }
  static asio::generic::stream_protocol::endpoint tcp(asio::io_context &) {
    return asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0);
  }
  static asio::generic::stream_protocol::endpoint unix_socket(asio::io_context &, const std::string &path) {
    return asio::local::stream_protocol::endpoint(path);
  }
  static asio::awaitable<std::shared_ptr<Peer>> plain(Peer::Socket socket) {
    co_return std::make_shared<Peer>(std::move(socket));
  }
  static asio::awaitable<void> accept(std::shared_ptr<State> state) {
    for (;;) {
      auto [ec, socket] = co_await state->acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
      if (ec) co_return;
      const int number = ++state->accepted;
      asio::co_spawn(state->acceptor.get_executor(), serve(state, std::move(socket), number),
                     [](std::exception_ptr) {});
    }
  }
  static asio::awaitable<void> serve(std::shared_ptr<State> state, Peer::Socket socket, int number) {
    auto peer = co_await state->make(std::move(socket));
    if (peer) co_await state->script(peer, number);
  }

  std::shared_ptr<State> state_;
};

/// "HTTP/1.1 200 OK" with a length.
inline std::string answer(const std::string &body, const std::string &fields = {}) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields + "\r\n" + body;
}

} // namespace ksail::test
