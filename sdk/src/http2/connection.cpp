// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"

#include <ksail/sdk/detail/async_impl.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <map>

namespace ksail::http2 {

namespace {

constexpr std::size_t read_size = 64u << 10;
constexpr std::chrono::seconds longest_silence(1);

} // namespace

struct Connection::State : std::enable_shared_from_this<Connection::State> {
  State(asio::any_io_executor ex, std::shared_ptr<http::Transport> t, ConnectionOptions o)
      : executor(std::move(ex)), transport(std::move(t)), options(std::move(o)), session(options.limits),
        last_used(Clock::now()), last_heard(last_used) {}

  /// A request that waits; on its coroutine's frame.
  struct Waiter {
    explicit Waiter(const asio::any_io_executor &ex) : wake(ex, Clock::time_point::max()) {}
    asio::steady_timer wake; ///< cancelled when it has ended
    std::optional<Ended> ended;
  };

  asio::any_io_executor executor;
  std::shared_ptr<http::Transport> transport;
  ConnectionOptions options;
  Session session;
  std::map<std::int32_t, Waiter *> waiters;
  Clock::time_point last_used, last_heard;
  bool writing = false;
  bool retired = false; ///< what is under way may end; nothing more is begun
  bool closed = false;
  std::optional<Error> end; ///< why it is closed, when that is known

  void start() { asio::co_spawn(executor, read(shared_from_this()), asio::detached); }

  void deliver() {
    while (auto ended = session.next_ended()) {
      const auto found = waiters.find(ended->stream);
      if (found == waiters.end()) continue;
      Waiter *waiter = found->second;
      waiters.erase(found);
      last_used = Clock::now();
      waiter->ended = std::move(ended);
      waiter->wake.cancel();
    }
  }

  /// What there is to send goes out when everybody whose turn it is now has added to it.
  void pump() {
    if (writing || closed) return;
    writing = true;
    asio::post(executor, [self = shared_from_this()] { asio::co_spawn(self->executor, write(self), asio::detached); });
  }

  void close(std::optional<Error> reason) {
    if (closed) return;
    closed = true;
    end = reason;
    session.disconnected(std::move(reason));
    deliver();
    transport->close();
  }

  static asio::awaitable<void> write(std::shared_ptr<State> self) {
    while (!self->closed) {
      const std::string bytes = self->session.take_output();
      self->deliver();
      if (!bytes.empty()) {
        auto written = co_await self->transport->write_all(bytes, std::string_view());
        // The reader may still find what the server had to say about it.
        if (!written) {
          self->retired = true;
          break;
        }
      }
      if (self->session.broken()) self->close(std::nullopt);
      if (bytes.empty()) break;
    }
    self->writing = false;
  }

  static asio::awaitable<void> read(std::shared_ptr<State> self) {
    std::string buffer(read_size, '\0');
    std::optional<Error> reason;
    while (!self->closed) {
      auto count = co_await self->transport->read_some(buffer.data(), buffer.size());
      if (!count) reason = count.error();
      if (self->closed || !count || *count == 0) break;
      self->last_heard = Clock::now();
      const bool goes_on = self->session.receive(std::string_view(buffer).substr(0, *count));
      self->deliver();
      self->pump();
      if (!goes_on) break;
    }
    self->close(std::move(reason));
  }

  static asio::awaitable<Result<Ended>> send(std::shared_ptr<State> self,
                                             std::shared_ptr<const http::Request> request) {
    // It may have ended before its first request, as when the server does not accept the certificate (TLS 1.3 tells
    // that after the handshake).
    if (self->closed && self->end) co_return *self->end;
    auto started = self->session.start(std::move(request), self->options.endpoint, self->options.user_agent);
    if (!started) co_return started.error();
    const std::int32_t stream = *started;
    const auto began = Clock::now();
    Waiter waiter(self->executor);
    self->waiters[stream] = &waiter;
    self->pump();
    struct Leave {
      State &self;
      std::int32_t stream;
      ~Leave() { self.waiters.erase(stream); }
    } const leave{*self, stream};
    bool go_on = true;
    while (go_on && !waiter.ended)
      go_on = co_await detail::wait_cancellable(waiter.wake);
    if (waiter.ended) co_return std::move(*waiter.ended);
    Ended given_up;
    given_up.stream = stream;
    given_up.answer = Error(Code::cancelled, "reading the answer was cancelled");
    given_up.sent = self->session.cancel(stream);
    if (given_up.sent && Clock::now() - std::max(began, self->last_heard) >= longest_silence) self->retired = true;
    self->last_used = Clock::now();
    self->pump();
    co_return std::move(given_up);
  }
};

Connection::Connection(asio::any_io_executor ex, std::shared_ptr<http::Transport> transport, ConnectionOptions options)
    : state_(std::make_shared<State>(std::move(ex), std::move(transport), std::move(options))) {
  state_->start();
}

Connection::~Connection() { state_->close(Error(Code::cancelled, "the connection was closed here")); }

// Not a coroutine itself: what runs later must not look at a Connection that is gone.
asio::awaitable<Result<Ended>> Connection::send(std::shared_ptr<const http::Request> request) {
  return State::send(state_, std::move(request));
}

bool Connection::takes_requests() const {
  const bool idle = state_->session.open_requests() == 0;
  const bool too_old = idle && Clock::now() - state_->last_used > state_->options.idle_timeout;
  return !state_->closed && !state_->retired && !too_old && state_->session.takes_requests();
}

bool Connection::has_answered() const { return state_->session.has_answered(); }

} // namespace ksail::http2
