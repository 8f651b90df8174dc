// SPDX-License-Identifier: Apache-2.0
// The pooled client: which connection a request goes over, whose turn it is, and when a request may be repeated.
#include "attempt.hpp"
#include "exchange.hpp"
#include "multiplexing.hpp"
#include "stream.hpp"
#include "tls_transport.hpp"

#include <algorithm>
#include <cctype>
#include <deque>
#include <list>

namespace ksail::http {

namespace {

std::string excerpt(const std::string &text) {
  std::string result = text.substr(0, 300);
  while (!result.empty() && std::isspace(static_cast<unsigned char>(result.back())))
    result.pop_back();
  return result;
}

Code code_of_status(int status) {
  switch (status) {
  case 401:
    return Code::unauthenticated;
  case 403:
    return Code::permission_denied;
  case 404:
    return Code::not_found;
  case 409:
  case 412:
    return Code::failed_precondition;
  case 429:
    return Code::resource_exhausted;
  default:
    return status >= 400 && status < 500 ? Code::invalid_argument : Code::unavailable;
  }
}

} // namespace

struct Client::Impl final : Connector, std::enable_shared_from_this<Client::Impl> {
  using Shared = std::shared_ptr<Impl>;

  Impl(asio::any_io_executor ex, Endpoint e, PoolOptions o)
      : executor(std::move(ex)), endpoint(std::move(e)), options(std::move(o)) {
    if (options.multiplexing && endpoint.transport == Endpoint::Transport::tls)
      shared = options.multiplexing->make_pool(executor, endpoint, options);
  }

  asio::awaitable<Result<std::shared_ptr<Transport>>> connect_offering(Protocols protocols) override;
  void keep(std::shared_ptr<Transport> transport) override;
  Counters &counters() override { return counted; }

  asio::awaitable<Result<Connection>> fresh();
  asio::awaitable<Result<Connection>> acquire();
  void give_back(Connection connection);
  void forget_old();
  asio::awaitable<bool> take_turn();
  void end_turn();

  static asio::awaitable<Result<void>> connect(Shared self);
  static asio::awaitable<Result<Response>> send(Shared self, std::shared_ptr<const Request> request);
  static asio::awaitable<Result<std::unique_ptr<Stream>>> open(Shared self, std::shared_ptr<const Request> request);
  static asio::awaitable<Result<std::unique_ptr<Duplex>>> upgrade(Shared self, std::shared_ptr<const Request> request);

  /// Somebody waiting for one of the pool's connections; on its coroutine's frame.
  struct Waiter {
    explicit Waiter(asio::any_io_executor ex) : called(std::move(ex)) {}
    Event called;
    bool granted = false;
  };

  asio::any_io_executor executor;
  Endpoint endpoint;
  PoolOptions options;
  std::shared_ptr<TlsContext> tls;
  std::deque<Connection> idle;        ///< most recently used last
  std::size_t in_use = 0;             ///< turns given out
  std::list<Waiter *> waiters;        ///< first come, first served
  std::unique_ptr<SharedPool> shared; ///< null: no requests share a connection
  Counters counted;
  bool closed = false;
};

namespace {

/// Does something when a scope is left, however that happens.
class AtEnd {
public:
  explicit AtEnd(std::function<void()> what) : what_(std::move(what)) {}
  ~AtEnd() { what_(); }
  AtEnd(const AtEnd &) = delete;
  AtEnd &operator=(const AtEnd &) = delete;

private:
  std::function<void()> what_;
};

} // namespace

asio::awaitable<Result<std::shared_ptr<Transport>>> Client::Impl::connect_offering(Protocols protocols) {
  if (endpoint.transport == Endpoint::Transport::tls && !tls) {
    auto made = make_tls_context(endpoint.tls);
    if (!made) co_return made.error();
    tls = std::move(*made);
  }
  const Deadline limit = Deadline::after(options.connect_timeout);
  auto connecting = http::connect(endpoint, tls, std::move(protocols), limit);
  auto transport = co_await with_deadline(std::move(connecting), limit, "connecting to " + endpoint.describe());
  if (!transport) {
    Error error = transport.error();
    if (error.code == Code::deadline_exceeded)
      error = Error(Code::unavailable, "cannot connect to " + endpoint.describe() + ": no answer within " +
                                           detail::duration_text(options.connect_timeout))
                  .retry();
    co_return error;
  }
  ++counted.connections_opened;
  if (const auto took = (*transport)->round_trip(); took.count() > 0) counted.round_trip = took;
  co_return std::move(*transport);
}

asio::awaitable<Result<Connection>> Client::Impl::fresh() {
  Protocols protocols;
  if (options.multiplexing) protocols.push_back("http/1.1");
  auto transport = co_await connect_offering(std::move(protocols));
  if (!transport) co_return transport.error();
  Connection connection;
  connection.transport = std::move(*transport);
  co_return std::move(connection);
}

void Client::Impl::keep(std::shared_ptr<Transport> transport) {
  Connection connection;
  connection.transport = std::move(transport);
  connection.unused = true;
  give_back(std::move(connection));
}

void Client::Impl::forget_old() {
  const auto too_old = Clock::now() - options.idle_timeout;
  while (!idle.empty() && idle.front().idle_since < too_old)
    idle.pop_front();
}

asio::awaitable<Result<Connection>> Client::Impl::acquire() {
  forget_old();
  while (!idle.empty()) {
    Connection connection = std::move(idle.back());
    idle.pop_back();
    if (!connection.transport->is_idle_and_open()) continue;
    connection.reused = !std::exchange(connection.unused, false);
    counted.connections_reused += connection.reused;
    co_return std::move(connection);
  }
  auto made = co_await fresh();
  co_return std::move(made);
}

void Client::Impl::give_back(Connection connection) {
  if (closed) return;
  connection.idle_since = Clock::now();
  idle.push_back(std::move(connection));
  forget_old();
}

/// False: cancelled, or the client is gone.
asio::awaitable<bool> Client::Impl::take_turn() {
  if (in_use < std::max<std::size_t>(options.max_connections, 1) && waiters.empty()) {
    ++in_use;
    co_return true;
  }
  Waiter waiter(executor);
  waiters.push_back(&waiter);
  const AtEnd leave([this, &waiter] { waiters.remove(&waiter); });
  co_await waiter.called.wait();
  // A turn that was granted at the moment of the cancellation is ours all the same, and has to be given back.
  co_return waiter.granted;
}

void Client::Impl::end_turn() {
  if (waiters.empty()) {
    --in_use;
    return;
  }
  // The turn is handed over, so that nobody who comes in between can take it.
  Waiter *next = waiters.front();
  waiters.pop_front();
  next->granted = true;
  next->called.set();
}

asio::awaitable<Result<void>> Client::Impl::connect(Shared self) {
  if (self->shared) {
    Result<void> connected = co_await self->shared->connect(self);
    co_return connected;
  }
  if (!self->idle.empty()) co_return Result<void>();
  auto connection = co_await self->fresh();
  if (!connection) co_return connection.error();
  self->keep(std::move(connection->transport));
  co_return Result<void>();
}

asio::awaitable<Result<Response>> Client::Impl::send(Shared self, std::shared_ptr<const Request> request) {
  auto head = request_head(*request, self->endpoint, self->options.user_agent);
  if (!head) co_return head.error();
  const bool mine = co_await self->take_turn();
  if (!mine)
    co_return Error(Code::cancelled,
                    describe(*request) +
                        (self->closed ? ": the client was closed" : " was cancelled while it waited for a connection"));
  const AtEnd turn([self] { self->end_turn(); });
  if (self->shared && !request->source) {
    auto answered = co_await self->shared->send(request, self);
    if (!answered) co_return answered.error();
    if (*answered) co_return std::move(**answered);
  }
  for (int attempt = 0;; ++attempt) {
    auto connection = attempt == 0 ? co_await self->acquire() : co_await self->fresh();
    if (!connection) co_return connection.error();
    const bool reused = connection->reused;
    Exchange exchange(request, std::move(*connection));
    ++self->counted.requests;
    Result<void> done = co_await exchange.read_head(*head);
    if (done) done = co_await exchange.read_rest(self->options.max_body_bytes);
    if (done) {
      Response response = std::move(exchange.reader().response());
      response.body = exchange.reader().take_body();
      if (exchange.reusable()) self->give_back(exchange.release());
      co_return response;
    }
    // A kept connection may have been closed by the server at the very moment it was used again.
    const bool may_repeat = !exchange.anything_sent() || (is_idempotent(request->method) && !request->source);
    if (reused && attempt == 0 && !exchange.answer_started() && done.error().code == Code::unavailable && may_repeat)
      continue;
    co_return failed_attempt(*request, exchange.anything_sent(), done.error());
  }
}

asio::awaitable<Result<std::unique_ptr<Stream>>> Client::Impl::open(Shared self,
                                                                    std::shared_ptr<const Request> request) {
  auto head = request_head(*request, self->endpoint, self->options.user_agent);
  if (!head) co_return head.error();
  auto connection = co_await self->fresh();
  if (!connection) co_return connection.error();
  auto exchange = std::make_unique<Exchange>(request, std::move(*connection));
  ++self->counted.requests;
  Result<void> done = co_await exchange->read_head(*head);
  if (!done) co_return failed_attempt(*request, exchange->anything_sent(), done.error());
  co_return make_stream(std::move(exchange), describe(*request));
}

asio::awaitable<Result<std::unique_ptr<Duplex>>> Client::Impl::upgrade(Shared self,
                                                                       std::shared_ptr<const Request> request) {
  auto head = request_head(*request, self->endpoint, self->options.user_agent);
  if (!head) co_return head.error();
  auto connection = co_await self->fresh();
  if (!connection) co_return connection.error();
  Exchange exchange(request, std::move(*connection));
  ++self->counted.requests;
  Result<void> done = co_await exchange.read_head(*head);
  if (!done) co_return failed_attempt(*request, exchange.anything_sent(), done.error());
  ResponseReader &reader = exchange.reader();
  Response answer = reader.response();
  // After "101" nothing belongs to the message any more. The Docker Engine's older "200" has neither length nor chunks:
  // what the reader took for its body are the stream's first bytes.
  if (answer.status == 101 || (answer.status == 200 && reader.until_close())) {
    Connection taken = exchange.release();
    taken.surplus.insert(0, reader.take_body());
    co_return make_duplex(std::move(taken), std::move(answer), describe(*request));
  }
  constexpr std::size_t explanation = std::size_t(1) << 20;
  Result<void> rest = co_await exchange.read_rest(explanation);
  if (!rest && rest.error().code == Code::cancelled)
    co_return failed_attempt(*request, exchange.anything_sent(), rest.error());
  const std::string body = excerpt(reader.take_body());
  Error error(answer.status < 300 ? Code::internal : code_of_status(answer.status),
              describe(*request) + " was not upgraded: the server answered " + std::to_string(answer.status) +
                  (body.empty() ? " " + answer.reason : ": " + body));
  error.retryable = answer.status == 429 || (answer.status >= 502 && answer.status <= 504);
  co_return error;
}

Client::Client(asio::any_io_executor ex, Endpoint endpoint, PoolOptions options)
    : impl_(std::make_shared<Impl>(std::move(ex), std::move(endpoint), std::move(options))) {}

Client::~Client() {
  if (!impl_) return;
  impl_->closed = true;
  impl_->idle.clear();
  impl_->shared.reset();
  while (!impl_->waiters.empty()) {
    impl_->waiters.front()->called.set();
    impl_->waiters.pop_front();
  }
}

Client::Client(Client &&) noexcept = default;

Client &Client::operator=(Client &&other) noexcept {
  Client old(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

// None of these is a coroutine itself: the client may be moved or gone when the work begins.
asio::awaitable<Result<void>> Client::connect(Deadline deadline) {
  return with_deadline(Impl::connect(impl_), deadline, "connecting to " + impl_->endpoint.describe());
}

asio::awaitable<Result<Response>> Client::send(Request request, Deadline deadline) {
  std::string what = describe(request) + " at " + impl_->endpoint.describe();
  return with_deadline(Impl::send(impl_, std::make_shared<const Request>(std::move(request))), deadline,
                       std::move(what));
}

asio::awaitable<Result<std::unique_ptr<Stream>>> Client::open(Request request, Deadline deadline) {
  std::string what = describe(request) + " at " + impl_->endpoint.describe();
  return with_deadline(Impl::open(impl_, std::make_shared<const Request>(std::move(request))), deadline,
                       std::move(what));
}

asio::awaitable<Result<std::unique_ptr<Duplex>>> Client::upgrade(Request request, std::string protocol,
                                                                 Deadline deadline) {
  std::string what = describe(request) + " at " + impl_->endpoint.describe();
  request.headers.set("Connection", "Upgrade");
  request.headers.set("Upgrade", std::move(protocol));
  return with_deadline(Impl::upgrade(impl_, std::make_shared<const Request>(std::move(request))), deadline,
                       std::move(what));
}

const Endpoint &Client::endpoint() const { return impl_->endpoint; }
Counters Client::counters() const { return impl_->counted; }
asio::any_io_executor Client::executor() const { return impl_->executor; }

} // namespace ksail::http
