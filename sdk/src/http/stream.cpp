// SPDX-License-Identifier: Apache-2.0
// Answers that are read as they come, and connections that were taken over.
#include "stream.hpp"

namespace ksail::http {

namespace {

Error in(const std::string &what, Error error) {
  error.message = what + ": " + error.message;
  return error;
}

class ExchangeStream final : public Stream {
public:
  ExchangeStream(std::unique_ptr<Exchange> exchange, std::string what)
      : exchange_(std::move(exchange)), head_(exchange_->reader().response()), what_(std::move(what)) {}

  const Response &head() const override { return head_; }

  asio::awaitable<Result<std::string>> read_some(Deadline deadline) override {
    auto piece = co_await with_deadline(exchange_->next_piece(), deadline, "reading the answer to " + what_);
    if (piece || piece.error().code == Code::deadline_exceeded) co_return piece;
    co_return in(what_, piece.error());
  }

  asio::awaitable<Result<std::optional<std::string>>> read_line(Deadline deadline) override {
    for (;;) {
      const auto end = pending_.find('\n', searched_);
      if (end != std::string::npos) {
        std::string line = pending_.substr(begin_, end - begin_);
        if (!line.empty() && line.back() == '\r') line.pop_back();
        begin_ = searched_ = end + 1;
        co_return std::optional<std::string>(std::move(line));
      }
      pending_.erase(0, begin_);
      begin_ = 0;
      searched_ = pending_.size();
      auto piece = co_await read_some(deadline);
      if (!piece) co_return piece.error();
      if (piece->empty()) {
        searched_ = 0;
        std::optional<std::string> last;
        if (!pending_.empty()) last.emplace(std::exchange(pending_, std::string()));
        co_return last;
      }
      pending_ += *piece;
    }
  }

  void close() override { exchange_->close(); }

private:
  std::unique_ptr<Exchange> exchange_;
  Response head_;
  std::string what_;
  std::string pending_;      ///< of read_line
  std::size_t begin_ = 0;    ///< of the next line in pending_
  std::size_t searched_ = 0; ///< no line ends before
};

class ConnectionDuplex final : public Duplex {
public:
  ConnectionDuplex(Connection connection, Response head, std::string what)
      : connection_(std::move(connection)), head_(std::move(head)), what_(std::move(what)) {
    connection_.buffer.resize(read_size);
  }
  ~ConnectionDuplex() override { connection_.transport->close(); }

  const Response &head() const override { return head_; }

  asio::awaitable<Result<std::string>> read_some(Deadline deadline) override {
    // Bytes that came together with the head are the stream's first.
    if (!connection_.surplus.empty()) co_return std::exchange(connection_.surplus, std::string());
    auto &buffer = connection_.buffer;
    auto reading = connection_.transport->read_some(buffer.data(), buffer.size());
    auto count = co_await with_deadline(std::move(reading), deadline, "reading the stream of " + what_);
    if (!count) co_return count.error();
    if (*count == 0 && connection_.transport->cut_off())
      co_return Error(Code::unavailable, "the stream of " + what_ + " was cut off").retry();
    co_return buffer.substr(0, *count);
  }
  asio::awaitable<Result<void>> write(std::string_view bytes, Deadline deadline) override {
    auto writing = connection_.transport->write_all(bytes, std::string_view());
    auto written = co_await with_deadline(std::move(writing), deadline, "writing to the stream of " + what_);
    co_return written;
  }
  asio::awaitable<Result<void>> shutdown_write() override { return connection_.transport->shutdown_write(); }
  void close() override { connection_.transport->close(); }

private:
  Connection connection_;
  Response head_;
  std::string what_;
};

} // namespace

std::unique_ptr<Stream> make_stream(std::unique_ptr<Exchange> exchange, std::string what) {
  return std::make_unique<ExchangeStream>(std::move(exchange), std::move(what));
}

std::unique_ptr<Duplex> make_duplex(Connection connection, Response head, std::string what) {
  return std::make_unique<ConnectionDuplex>(std::move(connection), std::move(head), std::move(what));
}

} // namespace ksail::http
