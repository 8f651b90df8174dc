// SPDX-License-Identifier: Apache-2.0
#include "exchange.hpp"

#include <cstdio>

namespace ksail::http {

namespace {

/// Bodies up to this size are written in one go before anything is read: sockets take that much without a reader.
constexpr std::size_t sent_at_once = 64 * 1024;

/// Sends the request's body. A source that fails leaves a message that cannot be ended, so the connection goes with it,
/// which also ends the waiting for an answer.
asio::awaitable<Result<void>> send_body(std::shared_ptr<Transport> transport, std::shared_ptr<const Request> request) {
  if (!request->source) {
    Result<void> written = co_await transport->write_all(request->body, std::string_view());
    co_return written;
  }
  for (;;) {
    Result<std::string> piece = std::string();
    try {
      piece = co_await request->source();
    } catch (...) {
      piece = detail::error_of(std::current_exception());
    }
    if (!piece) {
      if (piece.error().code != Code::cancelled) transport->close();
      co_return piece.error();
    }
    const bool last = piece->empty();
    char size[32];
    const int length = std::snprintf(size, sizeof size, "%zx\r\n", piece->size());
    piece->append("\r\n");
    const std::string_view head(size, static_cast<std::size_t>(length));
    Result<void> written = co_await transport->write_all(head, *piece);
    if (!written) co_return written.error();
    if (last) co_return Result<void>();
  }
}

} // namespace

Exchange::Exchange(std::shared_ptr<const Request> request, Connection connection)
    : request_(std::move(request)), connection_(std::move(connection)), reader_(request_->method == "HEAD"),
      written_before_(connection_.transport->bytes_written()) {
  connection_.buffer.resize(read_size);
}

Exchange::~Exchange() { close(); }

void Exchange::close() {
  if (sender_ && !sender_->result) sender_->stop.emit(asio::cancellation_type::terminal);
  if (connection_.transport) connection_.transport->close();
}

Connection Exchange::release() { return std::move(connection_); }

bool Exchange::reusable() const {
  const bool complete = sent_ && (!sender_ || (sender_->result && *sender_->result));
  return complete && reader_.keep_alive() && connection_.surplus.empty();
}

asio::awaitable<Result<void>> Exchange::read_more() {
  // Also where throwing is switched off: a signal that came between two reads must not be lost.
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none)
    co_return Error(Code::cancelled, "reading the answer was cancelled");
  auto count = co_await connection_.transport->read_some(connection_.buffer.data(), connection_.buffer.size());
  if (!count) co_return count.error();
  if (*count == 0) {
    // The end of a body that lasts until the connection's end completes the reader.
    Result<void> ended = reader_.end_of_stream(connection_.transport->cut_off());
    co_return ended;
  }
  started_ = true;
  // Usually the reader takes it all, and nothing has to be kept.
  std::string_view bytes(connection_.buffer.data(), *count);
  if (!connection_.surplus.empty()) {
    connection_.surplus.append(bytes);
    bytes = connection_.surplus;
  }
  for (;;) {
    auto used = reader_.feed(bytes);
    if (!used) co_return used.error();
    bytes.remove_prefix(*used);
    // An interim answer (100 Continue) is followed by the real one.
    const int status = reader_.response().status;
    if (!reader_.done() || status / 100 != 1 || status == 101) break;
    reader_.restart();
  }
  std::string rest(bytes);
  connection_.surplus.swap(rest);
  co_return Result<void>();
}

asio::awaitable<Result<void>> Exchange::read_head(std::string head) {
  const bool beside = request_->source || request_->body.size() > sent_at_once;
  sent_ = co_await connection_.transport->write_all(head, beside ? std::string_view() : request_->body);
  if (!sent_ && sent_.error().code == Code::cancelled) co_return sent_.error();
  // From here on the sender has to be ended whatever happens, so cancellation must not throw in between.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  if (beside && sent_) {
    const auto executor = co_await asio::this_coro::executor;
    sender_ = std::make_shared<detail::Child<void>>(executor);
    detail::start_child(sender_, send_body(connection_.transport, request_));
  }
  Result<void> read;
  while (read && !reader_.head_done())
    read = co_await read_more();
  // A refusal that came early needs no more of the body.
  const bool refused = reader_.head_done() && reader_.response().status >= 300;
  if (sender_ && (!read || refused)) co_await detail::end_child(sender_);
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (read) co_return Result<void>();
  // What is more to the point: why the body could not be made or sent, or why no answer came.
  Result<void> sent = sender_ ? *sender_->result : sent_;
  if (sent || sent.error().code == Code::cancelled || read.error().code == Code::unauthenticated || started_)
    co_return read.error();
  co_return sent.error();
}

asio::awaitable<Result<void>> Exchange::read_rest(std::size_t limit) {
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  Result<void> read;
  while (read && reader_.body_size() <= limit && !reader_.done())
    read = co_await read_more();
  // The server has said all it has to say; what it did not want of the body need not be sent.
  if (sender_) co_await detail::end_child(sender_);
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (read && reader_.body_size() > limit)
    co_return Error(Code::resource_exhausted, "the answer is larger than " + std::to_string(limit) + " bytes");
  if (!read && sender_ && !*sender_->result && read.error().code == Code::cancelled) {
    const Error cause = sender_->result->error();
    if (cause.code != Code::cancelled) co_return cause;
  }
  co_return read;
}

asio::awaitable<Result<std::string>> Exchange::next_piece() {
  for (;;) {
    if (reader_.body_size() > 0) co_return reader_.take_body();
    if (reader_.done()) co_return std::string();
    Result<void> read = co_await read_more();
    if (!read) {
      const bool source_failed = sender_ && sender_->result && !*sender_->result &&
                                 sender_->result->error().code != Code::cancelled &&
                                 read.error().code == Code::cancelled;
      if (source_failed) co_return sender_->result->error();
      co_return read.error();
    }
  }
}

} // namespace ksail::http
