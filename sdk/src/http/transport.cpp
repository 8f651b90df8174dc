// SPDX-License-Identifier: Apache-2.0
// Plain sockets, and how they get connected.
#include "transport.hpp"

#include "socket_error.hpp"
#include "tls_transport.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <sys/socket.h>
#include <sys/un.h>

namespace ksail::http {

using asio::ip::tcp;
using asio::local::stream_protocol;
using boost::system::error_code;

namespace {

template <class Socket> class SocketTransport final : public Transport {
public:
  SocketTransport(Socket socket, const Endpoint &endpoint) : socket_(std::move(socket)) {
    // For messages only; key and certificates need not be copied for that.
    endpoint_.transport = endpoint.transport;
    endpoint_.path = endpoint.path;
    endpoint_.host = endpoint.host;
    endpoint_.port = endpoint.port;
  }

  asio::awaitable<Result<std::size_t>> read_some(char *data, std::size_t size) override {
    auto [ec, count] = co_await socket_.async_read_some(asio::buffer(data, size), with_error_code);
    if (ec == asio::error::eof) co_return std::size_t(0);
    if (ec) co_return io_error(endpoint_, "reading from", ec);
    co_return count;
  }
  asio::awaitable<Result<void>> write_all(std::string_view first, std::string_view second) override {
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(first), asio::buffer(second)};
    auto [ec, count] = co_await asio::async_write(socket_, buffers, with_error_code);
    written_ += count;
    if (ec) co_return io_error(endpoint_, "writing to", ec);
    co_return Result<void>();
  }
  asio::awaitable<Result<void>> shutdown_write() override {
    error_code ec;
    socket_.shutdown(Socket::shutdown_send, ec);
    // The peer has closed already: it needs no end of input any more.
    if (ec && ec != asio::error::not_connected) co_return io_error(endpoint_, "ending the input of", ec);
    co_return Result<void>();
  }
  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }
  bool is_idle_and_open() override {
    if (!socket_.is_open()) return false;
    char byte;
    const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }
  std::uint64_t bytes_written() const override { return written_; }

private:
  Socket socket_;
  Endpoint endpoint_;
  std::uint64_t written_ = 0;
};

asio::awaitable<Result<stream_protocol::socket>> connect_unix(const Endpoint &endpoint, Deadline limit) {
  if (endpoint.path.empty() || endpoint.path.size() >= sizeof(sockaddr_un::sun_path))
    co_return Error(Code::invalid_argument, endpoint.path.empty()
                                                ? std::string("the path of the unix socket is empty")
                                                : "the path of the unix socket is too long: " + endpoint.path);
  const auto executor = co_await asio::this_coro::executor;
  const stream_protocol::endpoint target(endpoint.path);
  std::chrono::milliseconds pause(2);
  for (;;) {
    stream_protocol::socket socket(executor);
    auto [ec] = co_await socket.async_connect(target, with_error_code);
    // With a full backlog connect(2) on a unix socket says EAGAIN and does nothing more (unix(7)). Asio takes that for
    // "under way" and reports success, so it has to be asked whom the socket is connected to.
    if (!ec) socket.remote_endpoint(ec);
    if (!ec) co_return std::move(socket);
    const bool busy = ec == asio::error::not_connected || ec == asio::error::try_again;
    if (!busy || limit.passed()) co_return connection_error(endpoint, busy ? error_code(asio::error::try_again) : ec);
    const bool go_on = co_await sleep_for(std::min<std::chrono::nanoseconds>(pause, limit.remaining()));
    if (!go_on) co_return connection_error(endpoint, asio::error::operation_aborted);
    pause = std::min(pause * 2, std::chrono::milliseconds(100));
  }
}

asio::awaitable<Result<tcp::socket>> connect_address(const Endpoint &endpoint, tcp::endpoint target) {
  const auto executor = co_await asio::this_coro::executor;
  tcp::socket socket(executor);
  auto [ec] = co_await socket.async_connect(target, with_error_code);
  if (ec) co_return connection_error(endpoint, ec);
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  co_return std::move(socket);
}

asio::awaitable<Result<tcp::socket>> connect_tcp(const Endpoint &endpoint, Deadline limit) {
  error_code not_literal;
  const auto address = asio::ip::make_address(endpoint.host, not_literal);
  if (!not_literal) {
    // A literal address must not start the resolver's thread.
    const tcp::endpoint target(address, endpoint.port);
    auto socket = co_await connect_address(endpoint, target);
    co_return std::move(socket);
  }
  const auto executor = co_await asio::this_coro::executor;
  tcp::resolver resolver(executor);
  auto [ec, found] = co_await resolver.async_resolve(endpoint.host, std::to_string(endpoint.port),
                                                     tcp::resolver::numeric_service, with_error_code);
  if (ec) co_return connection_error(endpoint, ec);
  Error last(Code::unavailable, "cannot connect to " + endpoint.describe() + ": the name has no address");
  std::size_t left = found.size();
  for (const auto &entry : found) {
    // An address that never answers must not use up the time of those behind it.
    const Deadline share = limit.is_never() ? limit : Deadline::after(limit.remaining() / left);
    --left;
    auto attempt = connect_address(endpoint, entry.endpoint());
    auto socket = co_await with_deadline(std::move(attempt), share, "connecting to " + endpoint.describe());
    if (socket) co_return std::move(socket);
    last = socket.error();
    if (last.code == Code::cancelled) break;
  }
  co_return last;
}

} // namespace

asio::awaitable<Result<std::shared_ptr<Transport>>> connect(const Endpoint &endpoint, std::shared_ptr<TlsContext> tls,
                                                            Protocols protocols, Deadline limit) {
  if (endpoint.transport == Endpoint::Transport::unix_socket) {
    auto socket = co_await connect_unix(endpoint, limit);
    if (!socket) co_return socket.error();
    std::shared_ptr<Transport> made =
        std::make_shared<SocketTransport<stream_protocol::socket>>(std::move(*socket), endpoint);
    co_return made;
  }
  auto socket = co_await connect_tcp(endpoint, limit);
  if (!socket) co_return socket.error();
  if (endpoint.transport == Endpoint::Transport::tcp) {
    std::shared_ptr<Transport> made = std::make_shared<SocketTransport<tcp::socket>>(std::move(*socket), endpoint);
    co_return made;
  }
  auto made = co_await secure(std::move(*socket), endpoint, std::move(tls), std::move(protocols));
  co_return made;
}

} // namespace ksail::http
