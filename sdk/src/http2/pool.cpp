// SPDX-License-Identifier: Apache-2.0
// Which connection a request goes over: the one there is, a new one when there is none that takes requests, and
// another one when the first did not look at it. Connections are opened once, however many wait for them.
#include "connection.hpp"

#include "../http/attempt.hpp"
#include "../http/multiplexing.hpp"

#include <ksail/sdk/http2.hpp>

#include <ksail/sdk/detail/async_impl.hpp>

namespace ksail::http2 {

namespace {

using SharedConnection = std::shared_ptr<Connection>;

/// A server that is being shut down refuses what comes; one that is overwhelmed should not be asked for ever.
constexpr int most_refusals = 5;

struct PoolState : std::enable_shared_from_this<PoolState> {
  PoolState(asio::any_io_executor ex, ConnectionOptions o) : executor(std::move(ex)), options(std::move(o)) {}

  /// A connection that is being opened. Null as result: the server does not take h2.
  struct Opening {
    explicit Opening(const asio::any_io_executor &ex) : child(std::make_shared<detail::Child<SharedConnection>>(ex)) {}
    std::shared_ptr<detail::Child<SharedConnection>> child;
    int waiting = 0;
  };

  asio::any_io_executor executor;
  ConnectionOptions options;
  SharedConnection current;
  std::shared_ptr<Opening> opening;
  bool one_at_a_time = false; ///< the server's choice
  bool closed = false;

  static asio::awaitable<Result<SharedConnection>> open(std::shared_ptr<PoolState> self,
                                                        std::shared_ptr<http::Connector> connector) {
    http::Protocols protocols;
    protocols.push_back("h2");
    protocols.push_back("http/1.1");
    auto transport = co_await connector->connect_offering(std::move(protocols));
    if (!transport) co_return transport.error();
    if ((*transport)->application_protocol() != "h2") {
      self->one_at_a_time = true;
      connector->keep(std::move(*transport));
      co_return SharedConnection();
    }
    co_return std::make_shared<Connection>(self->executor, std::move(*transport), self->options);
  }

  static asio::awaitable<Result<SharedConnection>> get(std::shared_ptr<PoolState> self,
                                                       std::shared_ptr<http::Connector> connector) {
    if (self->current && self->current->takes_requests()) co_return self->current;
    self->current.reset(); // what runs over it holds it
    if (!self->opening) {
      self->opening = std::make_shared<Opening>(self->executor);
      detail::start_child(self->opening->child, open(self, std::move(connector)));
    }
    const auto opening = self->opening;
    struct Waiting {
      Opening &opening;
      explicit Waiting(Opening &o) : opening(o) { ++opening.waiting; }
      ~Waiting() { --opening.waiting; }
    };
    bool go_on = true;
    {
      const Waiting waiting(*opening);
      while (go_on && !opening->child->result)
        go_on = co_await detail::wait_cancellable(opening->child->wake);
    }
    const bool open = opening->child->result.has_value();
    // Nobody wants it any more; whoever comes now opens another.
    if (!open && opening->waiting == 0) opening->child->stop.emit(asio::cancellation_type::terminal);
    if (self->opening == opening && (open || opening->waiting == 0)) {
      self->opening.reset();
      if (open && *opening->child->result && !self->closed) self->current = **opening->child->result;
    }
    if (!open) co_return Error(Code::cancelled, "cancelled while the connection was opened");
    co_return *opening->child->result;
  }

  static asio::awaitable<Result<void>> connect(std::shared_ptr<PoolState> self,
                                               std::shared_ptr<http::Connector> connector) {
    if (self->one_at_a_time) co_return Result<void>();
    auto connection = co_await get(self, std::move(connector));
    if (!connection) co_return connection.error();
    co_return Result<void>();
  }

  static asio::awaitable<Result<std::optional<http::Response>>> send(std::shared_ptr<PoolState> self,
                                                                     std::shared_ptr<const http::Request> request,
                                                                     std::shared_ptr<http::Connector> connector) {
    bool repeated = false;
    for (int refusals = 0;;) {
      if (self->one_at_a_time) co_return std::optional<http::Response>();
      auto connection = co_await get(self, connector);
      if (!connection) co_return connection.error();
      if (!*connection) continue;
      const bool reused = (*connection)->has_answered();
      auto &counters = connector->counters();
      ++counters.requests;
      ++counters.shared_requests;
      counters.connections_reused += reused;
      auto ended = co_await (*connection)->send(request);
      if (!ended) {
        // It was the last one's turn when the connection ended.
        const bool elsewhere = ended.error().code == Code::unavailable && ++refusals < most_refusals;
        if (elsewhere) continue;
        co_return http::failed_attempt(*request, false, ended.error());
      }
      if (ended->answer) co_return std::optional<http::Response>(std::move(*ended->answer));
      const Error error = ended->answer.error();
      if (ended->refused && ++refusals < most_refusals) continue;
      // A kept connection may have been closed by the server at the very moment it was used again.
      const bool lost = !ended->refused && !ended->begun && error.code == Code::unavailable;
      if (lost && reused && !repeated && http::is_idempotent(request->method)) {
        repeated = true;
        continue;
      }
      co_return http::failed_attempt(*request, ended->sent && !ended->refused, error);
    }
  }
};

class Pool final : public http::SharedPool {
public:
  explicit Pool(std::shared_ptr<PoolState> state) : state_(std::move(state)) {}
  ~Pool() override {
    state_->closed = true;
    state_->current.reset();
  }
  asio::awaitable<Result<void>> connect(std::shared_ptr<http::Connector> connector) override {
    return PoolState::connect(state_, std::move(connector));
  }
  asio::awaitable<Result<std::optional<http::Response>>> send(std::shared_ptr<const http::Request> request,
                                                              std::shared_ptr<http::Connector> connector) override {
    return PoolState::send(state_, std::move(request), std::move(connector));
  }

private:
  std::shared_ptr<PoolState> state_;
};

class Http2 final : public http::Multiplexing {
public:
  std::unique_ptr<http::SharedPool> make_pool(asio::any_io_executor ex, const http::Endpoint &endpoint,
                                              const http::PoolOptions &options) const override {
    ConnectionOptions how;
    how.endpoint.transport = endpoint.transport;
    how.endpoint.host = endpoint.host;
    how.endpoint.port = endpoint.port;
    how.user_agent = options.user_agent;
    how.limits.body_bytes = options.max_body_bytes;
    how.idle_timeout = options.idle_timeout;
    return std::make_unique<Pool>(std::make_shared<PoolState>(std::move(ex), std::move(how)));
  }
};

} // namespace

} // namespace ksail::http2

namespace ksail::http {

const Multiplexing &http2() {
  static const http2::Http2 instance;
  return instance;
}

} // namespace ksail::http
