// SPDX-License-Identifier: Apache-2.0
#include "fake_api_server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <list>

namespace ksail::test {

namespace beast_http = boost::beast::http;
using asio::ip::tcp;

namespace {
constexpr auto token = asio::as_tuple(asio::use_awaitable);
}

struct FakeApiServer::Impl : std::enable_shared_from_this<FakeApiServer::Impl> {
  Impl(asio::any_io_executor ex, Handler h)
      : executor(ex), acceptor(ex, tcp::endpoint(asio::ip::address_v4::loopback(), 0)), handler(std::move(h)) {}

  asio::awaitable<void> accept();
  asio::awaitable<void> serve(std::shared_ptr<tcp::socket> socket);
  asio::awaitable<bool> answer(tcp::socket &socket, const FakeReply &reply);

  asio::any_io_executor executor;
  tcp::acceptor acceptor;
  Handler handler;
  std::list<std::weak_ptr<tcp::socket>> sockets;
  std::vector<FakeRequest> seen;
  std::size_t in_flight = 0, most_in_flight = 0;
};

asio::awaitable<void> FakeApiServer::Impl::accept() {
  const auto self = shared_from_this();
  for (;;) {
    auto [ec, socket] = co_await acceptor.async_accept(token);
    if (ec) co_return;
    auto shared = std::make_shared<tcp::socket>(std::move(socket));
    sockets.push_back(shared);
    asio::co_spawn(executor, self->serve(shared), asio::detached);
  }
}

asio::awaitable<void> FakeApiServer::Impl::serve(std::shared_ptr<tcp::socket> socket) {
  const auto self = shared_from_this();
  boost::beast::flat_buffer buffer;
  for (;;) {
    beast_http::request<beast_http::string_body> request;
    auto [ec, count] = co_await beast_http::async_read(*socket, buffer, request, token);
    if (ec) co_return;
    FakeRequest got;
    got.method = std::string(request.method_string());
    got.target = std::string(request.target());
    got.body = request.body();
    for (const auto &field : request)
      got.headers.add(std::string(field.name_string()), std::string(field.value()));
    seen.push_back(got);
    most_in_flight = std::max(most_in_flight, ++in_flight);
    const FakeReply reply = handler(got);
    const bool kept = co_await answer(*socket, reply);
    --in_flight;
    if (!kept) {
      boost::system::error_code ignored;
      socket->close(ignored);
      co_return;
    }
  }
}

asio::awaitable<bool> FakeApiServer::Impl::answer(tcp::socket &socket, const FakeReply &reply) {
  if (reply.after) co_await reply.after->wait();
  if (reply.end == FakeReply::End::silent) co_return false;
  std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " X\r\n";
  if (!reply.headers.has("Content-Type")) head += "Content-Type: application/json\r\n";
  for (const auto &[name, value] : reply.headers.all())
    head += name + ": " + value + "\r\n";
  const bool chunked = !reply.pieces.empty() || reply.end == FakeReply::End::hold;
  head += chunked ? "Transfer-Encoding: chunked\r\n\r\n"
                  : "Content-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n";
  if (!chunked) head += reply.end == FakeReply::End::cut ? reply.body.substr(0, reply.body.size() / 2) : reply.body;
  auto [ec, count] = co_await asio::async_write(socket, asio::buffer(head), token);
  if (ec) co_return false;
  for (const auto &piece : reply.pieces) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    const std::string chunk = size + piece + "\r\n";
    auto [piece_error, written] = co_await asio::async_write(socket, asio::buffer(chunk), token);
    if (piece_error) co_return false;
  }
  if (reply.end == FakeReply::End::cut) co_return false;
  if (reply.end == FakeReply::End::hold) {
    char byte;
    co_await socket.async_read_some(asio::buffer(&byte, 1), token); // until either side closes
    co_return false;
  }
  if (chunked) {
    static const std::string last = "0\r\n\r\n";
    auto [last_error, written] = co_await asio::async_write(socket, asio::buffer(last), token);
    if (last_error) co_return false;
  }
  co_return true;
}

FakeApiServer::FakeApiServer(asio::any_io_executor ex, Handler handler)
    : impl_(std::make_shared<Impl>(ex, std::move(handler))) {
  asio::co_spawn(ex, impl_->accept(), asio::detached);
}

FakeApiServer::~FakeApiServer() { stop(); }

void FakeApiServer::stop() {
  boost::system::error_code ignored;
  impl_->acceptor.close(ignored);
  for (const auto &weak : impl_->sockets)
    if (const auto socket = weak.lock()) socket->close(ignored);
  impl_->sockets.clear();
}

std::uint16_t FakeApiServer::port() const { return impl_->acceptor.local_endpoint().port(); }
const std::vector<FakeRequest> &FakeApiServer::seen() const { return impl_->seen; }
std::size_t FakeApiServer::in_flight() const { return impl_->in_flight; }
std::size_t FakeApiServer::most_in_flight() const { return impl_->most_in_flight; }

} // namespace ksail::test
