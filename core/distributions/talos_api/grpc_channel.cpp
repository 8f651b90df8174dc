// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos_api/grpc_channel.hpp"

#include "distributions/talos_api/grpc_status.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <map>

namespace ksail::talos_api {

namespace {

/// What has come for one call and was not taken yet.
struct Inbox {
  explicit Inbox(const asio::any_io_executor &ex) : wake(ex, Clock::time_point::max()) {}
  asio::steady_timer wake; ///< cancelled when something comes
  std::deque<std::string> messages;
  bool finished = false;
  std::optional<Error> failure;
};

constexpr std::size_t read_size = 64u << 10;

} // namespace

struct GrpcChannel::State : std::enable_shared_from_this<GrpcChannel::State> {
  State(asio::any_io_executor ex, std::unique_ptr<ByteStream> s, GrpcLimits limits)
      : executor(std::move(ex)), stream(std::move(s)), session(limits), output(executor, Clock::time_point::max()) {}

  asio::any_io_executor executor;
  std::unique_ptr<ByteStream> stream;
  GrpcSession session;
  asio::steady_timer output; ///< cancelled when there is something to write
  std::map<std::int32_t, std::shared_ptr<Inbox>> inboxes;
  bool closed = false;

  void start() {
    asio::co_spawn(executor, read(shared_from_this()), asio::detached);
    asio::co_spawn(executor, write(shared_from_this()), asio::detached);
  }

  Result<std::shared_ptr<Inbox>> begin(const GrpcRequest &request, std::int32_t &id) {
    if (closed)
      return Error(Code::unavailable, status_error(request.method, 14, "the connection is closed").message).retry();
    auto started = session.start(request);
    if (!started) return started.error();
    id = *started;
    auto inbox = std::make_shared<Inbox>(executor);
    inboxes[id] = inbox;
    output.cancel();
    return inbox;
  }

  void drop(std::int32_t id) {
    if (inboxes.erase(id) == 0) return;
    session.cancel(id);
    output.cancel();
  }

  void deliver() {
    while (auto event = session.next_event()) {
      const auto found = inboxes.find(event->call);
      if (found == inboxes.end()) continue;
      const std::shared_ptr<Inbox> inbox = found->second;
      if (event->kind == GrpcEvent::Kind::message) {
        inbox->messages.push_back(std::move(event->message));
      } else {
        inbox->finished = true;
        inbox->failure = std::move(event->failure);
        inboxes.erase(found);
      }
      inbox->wake.cancel();
    }
  }

  void close() {
    if (closed) return;
    closed = true;
    session.disconnected(Error(Code::cancelled, "the connection was closed here"));
    deliver();
    stream->close();
    output.cancel();
  }

  static asio::awaitable<void> read(std::shared_ptr<State> self) {
    std::string buffer(read_size, '\0');
    std::optional<Error> reason;
    while (!self->closed) {
      auto count = co_await self->stream->read_some(buffer.data(), buffer.size());
      if (self->closed) break;
      if (!count) reason = count.error();
      if (!count || *count == 0) break;
      const bool goes_on = self->session.receive(std::string_view(buffer).substr(0, *count));
      self->deliver();
      self->output.cancel();
      if (!goes_on) break;
    }
    if (!self->closed) {
      self->session.disconnected(reason);
      self->deliver();
      self->closed = true;
      self->stream->close();
      self->output.cancel();
    }
  }

  static asio::awaitable<void> write(std::shared_ptr<State> self) {
    while (!self->closed) {
      const std::string bytes = self->session.take_output();
      self->deliver();
      if (bytes.empty()) {
        co_await detail::wait_shielded(self->output);
        continue;
      }
      auto written = co_await self->stream->write_all(bytes);
      // The reader may still find an answer that says why.
      if (!written) break;
    }
  }
};

namespace {

/// Waits until there is something to take: true, or false when the caller was cancelled.
asio::awaitable<bool> wait_for(std::shared_ptr<Inbox> inbox) {
  while (inbox->messages.empty() && !inbox->finished) {
    inbox->wake.expires_at(Clock::time_point::max());
    const bool go_on = co_await detail::wait_cancellable(inbox->wake);
    if (!go_on) co_return false;
  }
  co_return true;
}

Error cancelled(const std::string &method) {
  Error error(Code::cancelled, status_error(method, 1, "cancelled").message);
  error.outcome_unknown = true;
  return error;
}

class OpenStream final : public GrpcStream {
public:
  OpenStream(std::function<void(std::int32_t)> drop, std::function<void(std::int32_t, std::size_t)> taken,
             std::shared_ptr<Inbox> inbox, std::int32_t id, std::string method)
      : drop_(std::move(drop)), taken_(std::move(taken)), inbox_(std::move(inbox)), id_(id),
        method_(std::move(method)) {}
  ~OpenStream() override { drop_(id_); }

  asio::awaitable<Result<std::optional<std::string>>> next(Deadline deadline) override {
    std::string what = "waiting for " + method_;
    return with_deadline(take(), deadline, std::move(what));
  }

private:
  asio::awaitable<Result<std::optional<std::string>>> take() {
    const bool there = co_await wait_for(inbox_);
    if (!there) co_return cancelled(method_);
    if (!inbox_->messages.empty()) {
      std::optional<std::string> message = std::move(inbox_->messages.front());
      inbox_->messages.pop_front();
      taken_(id_, message->size());
      co_return message;
    }
    if (inbox_->failure) co_return *std::exchange(inbox_->failure, std::nullopt);
    co_return std::optional<std::string>();
  }

  std::function<void(std::int32_t)> drop_;
  std::function<void(std::int32_t, std::size_t)> taken_;
  std::shared_ptr<Inbox> inbox_;
  std::int32_t id_;
  std::string method_;
};

} // namespace

GrpcChannel::GrpcChannel(asio::any_io_executor executor, std::unique_ptr<ByteStream> stream, GrpcLimits limits)
    : state_(std::make_shared<State>(std::move(executor), std::move(stream), limits)) {
  state_->start();
}
GrpcChannel::~GrpcChannel() {
  if (state_) state_->close();
}
GrpcChannel::GrpcChannel(GrpcChannel &&) noexcept = default;
GrpcChannel &GrpcChannel::operator=(GrpcChannel &&other) noexcept {
  if (state_ && this != &other) state_->close();
  state_ = std::move(other.state_);
  return *this;
}

bool GrpcChannel::usable() const { return state_ && !state_->closed && state_->session.takes_calls(); }

Result<std::unique_ptr<GrpcStream>> GrpcChannel::open(const GrpcRequest &request) {
  std::int32_t id = 0;
  auto inbox = state_->begin(request, id);
  if (!inbox) return inbox.error();
  const std::weak_ptr<State> weak = state_;
  std::unique_ptr<GrpcStream> stream = std::make_unique<OpenStream>(
      [weak](std::int32_t call) {
        if (const auto state = weak.lock()) state->drop(call);
      },
      [weak](std::int32_t call, std::size_t bytes) {
        const auto state = weak.lock();
        if (!state) return;
        state->session.taken(call, bytes);
        state->output.cancel();
      },
      *inbox, id, request.method);
  return stream;
}

asio::awaitable<Result<std::string>> GrpcChannel::unary(GrpcRequest request, Deadline deadline) {
  if (!deadline.is_never())
    request.timeout_ms = std::chrono::duration_cast<std::chrono::milliseconds>(deadline.remaining()).count() + 1;
  auto stream = open(request);
  if (!stream) co_return stream.error();
  auto first = co_await (*stream)->next(deadline);
  if (!first) co_return first.error();
  if (!*first) co_return Error(Code::internal, status_error(request.method, 13, "the answer holds no message").message);
  auto second = co_await (*stream)->next(deadline);
  if (!second) co_return second.error();
  if (*second)
    co_return Error(Code::internal, status_error(request.method, 13, "the answer holds more than one message").message);
  co_return std::move(**first);
}

} // namespace ksail::talos_api
