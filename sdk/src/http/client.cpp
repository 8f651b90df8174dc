// SPDX-License-Identifier: Apache-2.0
// The pooled client: which connection a request goes over, when it may be repeated, and streams over connections of
// their own.
#include "message.hpp"
#include "transport.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <deque>
#include <list>

namespace ksail::http {

namespace {

bool equal_names(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](unsigned char x, unsigned char y) {
           return std::tolower(x) == std::tolower(y);
         });
}

bool repeatable(const Request &request) {
  return !request.source && (request.method == "GET" || request.method == "HEAD" || request.method == "PUT" ||
                             request.method == "DELETE" || request.method == "OPTIONS");
}

/// A transport and what was read from it beyond the message that ended.
struct Connection {
  std::unique_ptr<Transport> transport;
  std::string surplus;
  bool reused = false;
  Clock::time_point idle_since;
};

constexpr std::size_t read_size = 64 * 1024;

/// Reads until the head (`whole`: everything) of the response is there.
asio::awaitable<Result<void>> read_response(Connection &connection, ResponseReader &reader, bool whole,
                                            std::size_t body_limit) {
  std::string buffer(read_size, '\0');
  for (;;) {
    if (!connection.surplus.empty()) {
      auto used = reader.feed(connection.surplus);
      if (!used) co_return used.error();
      connection.surplus.erase(0, *used);
    }
    // An interim answer (100 Continue) is followed by the real one.
    if (reader.done() && reader.response().status / 100 == 1 && reader.response().status != 101) {
      reader = ResponseReader(false);
      continue;
    }
    if (whole ? reader.done() : reader.head_done()) co_return Result<void>();
    if (reader.body_size() > body_limit)
      co_return Error(Code::resource_exhausted, "the answer is larger than " + std::to_string(body_limit) + " bytes");
    auto count = co_await connection.transport->read_some(buffer.data(), buffer.size());
    if (!count) co_return count.error();
    if (*count == 0) {
      auto ended = reader.end_of_stream();
      if (!ended) co_return ended.error();
      co_return Result<void>();
    }
    connection.surplus.append(buffer.data(), *count);
  }
}

asio::awaitable<Result<void>> write_chunks(Transport &transport, const BodySource &source) {
  for (;;) {
    auto piece = co_await source();
    if (!piece) co_return piece.error();
    char size[32];
    const int length = std::snprintf(size, sizeof size, "%zx\r\n", piece->size());
    const std::string_view head(size, static_cast<std::size_t>(length));
    piece->append("\r\n");
    Result<void> written = co_await transport.write_all(head, *piece);
    if (!written) co_return written.error();
    if (piece->size() == 2) co_return Result<void>();
  }
}

std::string excerpt(const std::string &text) {
  std::string result = text.substr(0, 300);
  while (!result.empty() && std::isspace(static_cast<unsigned char>(result.back())))
    result.pop_back();
  return result;
}

class ConnectionStream final : public Stream {
public:
  ConnectionStream(Connection connection, ResponseReader reader, std::string what)
      : connection_(std::move(connection)), reader_(std::move(reader)), what_(std::move(what)),
        buffer_(read_size, '\0') {}

  const Response &head() const override { return const_cast<ResponseReader &>(reader_).response(); }

  asio::awaitable<Result<std::string>> read_some(Deadline deadline) override {
    auto piece = co_await with_deadline(next(), deadline, "reading " + what_);
    co_return piece;
  }

  asio::awaitable<Result<std::optional<std::string>>> read_line(Deadline deadline) override {
    for (;;) {
      const auto end = pending_.find('\n', searched_);
      if (end != std::string::npos) {
        std::string line = pending_.substr(0, end);
        if (!line.empty() && line.back() == '\r') line.pop_back();
        pending_.erase(0, end + 1);
        searched_ = 0;
        co_return std::optional<std::string>(std::move(line));
      }
      searched_ = pending_.size();
      auto piece = co_await read_some(deadline);
      if (!piece) co_return piece.error();
      if (piece->empty()) {
        if (pending_.empty()) co_return std::optional<std::string>();
        searched_ = 0;
        co_return std::optional<std::string>(std::exchange(pending_, std::string()));
      }
      pending_ += *piece;
    }
  }

  void close() override {
    if (connection_.transport) connection_.transport->close();
  }

private:
  asio::awaitable<Result<std::string>> next() {
    for (;;) {
      if (reader_.body_size() > 0) co_return reader_.take_body();
      if (reader_.done() || ended_) co_return std::string();
      if (!connection_.surplus.empty()) {
        auto used = reader_.feed(connection_.surplus);
        if (!used) co_return used.error();
        connection_.surplus.erase(0, *used);
        if (reader_.body_size() > 0 || reader_.done()) continue;
      }
      auto count = co_await connection_.transport->read_some(buffer_.data(), buffer_.size());
      if (!count) co_return count.error();
      if (*count == 0) {
        auto ended = reader_.end_of_stream();
        if (!ended) co_return Error(ended.error()).in(what_);
        ended_ = true;
        continue;
      }
      connection_.surplus.append(buffer_.data(), *count);
    }
  }

  Connection connection_;
  ResponseReader reader_;
  std::string what_;
  std::string buffer_;
  std::string pending_; ///< of read_line
  std::size_t searched_ = 0;
  bool ended_ = false;
};

class ConnectionDuplex final : public Duplex {
public:
  ConnectionDuplex(Connection connection, Response head, std::string what)
      : connection_(std::move(connection)), head_(std::move(head)), what_(std::move(what)), buffer_(read_size, '\0') {}

  const Response &head() const override { return head_; }

  asio::awaitable<Result<std::string>> read_some(Deadline deadline) override {
    // Bytes that came together with the head are the stream's first.
    if (!connection_.surplus.empty()) co_return std::exchange(connection_.surplus, std::string());
    auto piece = co_await with_deadline(next(), deadline, "reading " + what_);
    co_return piece;
  }
  asio::awaitable<Result<void>> write(std::string_view bytes, Deadline deadline) override {
    auto written = co_await with_deadline(connection_.transport->write_all(bytes, std::string_view()), deadline,
                                          "writing " + what_);
    co_return written;
  }
  asio::awaitable<Result<void>> shutdown_write() override { return connection_.transport->shutdown_write(); }
  void close() override { connection_.transport->close(); }

private:
  asio::awaitable<Result<std::string>> next() {
    auto count = co_await connection_.transport->read_some(buffer_.data(), buffer_.size());
    if (!count) co_return count.error();
    co_return buffer_.substr(0, *count);
  }

  Connection connection_;
  Response head_;
  std::string what_;
  std::string buffer_;
};

} // namespace

Endpoint Endpoint::unix_socket(std::string path) {
  Endpoint endpoint;
  endpoint.transport = Transport::unix_socket;
  endpoint.path = std::move(path);
  return endpoint;
}
Endpoint Endpoint::tcp(std::string host, std::uint16_t port) {
  Endpoint endpoint;
  endpoint.host = std::move(host);
  endpoint.port = port;
  return endpoint;
}
Endpoint Endpoint::tls_tcp(std::string host, std::uint16_t port, TlsOptions tls) {
  Endpoint endpoint = tcp(std::move(host), port);
  endpoint.transport = Transport::tls;
  endpoint.tls = std::move(tls);
  return endpoint;
}
std::string Endpoint::describe() const {
  if (transport == Transport::unix_socket) return "unix://" + path;
  const bool v6 = host.find(':') != std::string::npos;
  return (transport == Transport::tls ? "https://" : "http://") + (v6 ? "[" + host + "]" : host) + ":" +
         std::to_string(port);
}

void Headers::add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
void Headers::set(std::string name, std::string value) {
  for (auto &field : fields_)
    if (equal_names(field.first, name)) {
      field.second = std::move(value);
      return;
    }
  add(std::move(name), std::move(value));
}
std::string_view Headers::get(std::string_view name) const {
  for (const auto &field : fields_)
    if (equal_names(field.first, name)) return field.second;
  return {};
}
bool Headers::has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(), [&](const auto &field) { return equal_names(field.first, name); });
}

std::string encode_component(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || c == '-' || c == '.' || c == '_' || c == '~')
      result += c;
    else
      result.append({'%', digits[byte >> 4], digits[byte & 15]});
  }
  return result;
}

struct Client::Impl : std::enable_shared_from_this<Client::Impl> {
  Impl(asio::any_io_executor ex, Endpoint e, PoolOptions o)
      : executor(std::move(ex)), endpoint(std::move(e)), options(std::move(o)) {}

  asio::awaitable<Result<Connection>> fresh();
  asio::awaitable<Result<Connection>> acquire();
  void give_back(Connection connection);
  void release_slot();
  asio::awaitable<Result<Response>> send_once(const Request &request, Connection &connection);
  asio::awaitable<Result<Response>> send(Request request);
  asio::awaitable<Result<std::unique_ptr<Stream>>> open(Request request);
  asio::awaitable<Result<std::unique_ptr<Duplex>>> upgrade(Request request, std::string protocol);
  asio::awaitable<Result<void>> write_request(const Request &request, Connection &connection);
  std::string describe(const Request &request) const { return request.method + " " + request.target; }

  asio::any_io_executor executor;
  Endpoint endpoint;
  PoolOptions options;
  std::shared_ptr<TlsContext> tls;
  std::deque<Connection> idle; ///< most recently used last
  std::size_t in_use = 0;      ///< pooled connections that carry a request
  std::list<Event *> waiters;  ///< first come, first served
  Counters counters;
  bool closed = false;
};

namespace {

/// Returns a pool slot when a request ends, however it ends.
class Slot {
public:
  explicit Slot(std::function<void()> release) : release_(std::move(release)) {}
  ~Slot() { release_(); }
  Slot(const Slot &) = delete;
  Slot &operator=(const Slot &) = delete;

private:
  std::function<void()> release_;
};

} // namespace

asio::awaitable<Result<Connection>> Client::Impl::fresh() {
  if (endpoint.transport == Endpoint::Transport::tls && !tls) {
    auto made = make_tls_context(endpoint.tls);
    if (!made) co_return made.error();
    tls = std::move(*made);
  }
  auto work = connect(endpoint, tls);
  auto transport = co_await with_deadline(std::move(work), Deadline::after(options.connect_timeout),
                                          "connecting to " + endpoint.describe());
  if (!transport) {
    Error error = transport.error();
    if (error.code == Code::deadline_exceeded) {
      error.code = Code::unavailable;
      error.message = "cannot connect to " + endpoint.describe() + ": no answer for " +
                      std::to_string(options.connect_timeout.count()) + " s";
      error.retryable = true;
    }
    co_return error;
  }
  ++counters.connections_opened;
  Connection connection;
  connection.transport = std::move(*transport);
  co_return std::move(connection);
}

asio::awaitable<Result<Connection>> Client::Impl::acquire() {
  const auto too_old = Clock::now() - options.idle_timeout;
  while (!idle.empty()) {
    Connection connection = std::move(idle.back());
    idle.pop_back();
    if (connection.idle_since < too_old || !connection.transport->is_idle_and_open()) continue;
    connection.reused = true;
    ++counters.connections_reused;
    co_return std::move(connection);
  }
  auto made = co_await fresh();
  co_return std::move(made);
}

void Client::Impl::give_back(Connection connection) {
  if (closed) return;
  connection.idle_since = Clock::now();
  idle.push_back(std::move(connection));
}

void Client::Impl::release_slot() {
  --in_use;
  if (waiters.empty()) return;
  waiters.front()->set();
  waiters.pop_front();
}

asio::awaitable<Result<void>> Client::Impl::write_request(const Request &request, Connection &connection) {
  const std::string head = request_head(request, endpoint, options.user_agent);
  ++counters.requests;
  if (!request.source) {
    Result<void> written = co_await connection.transport->write_all(head, request.body);
    co_return written;
  }
  Result<void> written = co_await connection.transport->write_all(head, std::string_view());
  if (!written) co_return written.error();
  Result<void> chunks = co_await write_chunks(*connection.transport, request.source);
  co_return chunks;
}

asio::awaitable<Result<Response>> Client::Impl::send_once(const Request &request, Connection &connection) {
  ResponseReader reader(request.method == "HEAD");
  Result<void> written = co_await write_request(request, connection);
  if (!written && written.error().code == Code::cancelled) co_return written.error();
  // A server may answer before it has read everything and close: its answer says more than the broken pipe.
  Result<void> read = co_await read_response(connection, reader, /*whole=*/true, options.max_body_bytes);
  if (!read) co_return reader.head_done() || written ? read.error() : written.error();
  Response response = std::move(reader.response());
  response.body = reader.take_body();
  if (written && reader.keep_alive() && connection.surplus.empty()) give_back(std::move(connection));
  co_return response;
}

asio::awaitable<Result<Response>> Client::Impl::send(Request request) {
  while (in_use >= options.max_connections) {
    Event turn(executor);
    waiters.push_back(&turn);
    const bool mine = co_await turn.wait();
    if (!mine) {
      waiters.remove(&turn);
      co_return Error(Code::cancelled, describe(request) + " was cancelled while it waited for a connection");
    }
  }
  ++in_use;
  const auto self = shared_from_this();
  Slot slot([self] { self->release_slot(); });
  for (int attempt = 0;; ++attempt) {
    auto connection = attempt == 0 ? co_await acquire() : co_await fresh();
    if (!connection) co_return connection.error();
    const bool reused = connection->reused;
    auto response = co_await send_once(request, *connection);
    if (response) co_return std::move(response);
    Error error = response.error();
    // A kept connection may have been closed by the server at the very moment it was used again.
    if (reused && attempt == 0 && error.code == Code::unavailable && repeatable(request)) continue;
    if (error.code == Code::unavailable || error.code == Code::cancelled)
      error.outcome_unknown = request.method != "GET" && request.method != "HEAD";
    co_return std::move(error).in(describe(request));
  }
}

asio::awaitable<Result<std::unique_ptr<Stream>>> Client::Impl::open(Request request) {
  auto connection = co_await fresh();
  if (!connection) co_return connection.error();
  Result<void> written = co_await write_request(request, *connection);
  if (!written && written.error().code == Code::cancelled) co_return written.error();
  ResponseReader reader(request.method == "HEAD");
  Result<void> read = co_await read_response(*connection, reader, /*whole=*/false, options.max_body_bytes);
  if (!read) {
    Error error = reader.head_done() || written ? read.error() : written.error();
    error.outcome_unknown = request.method != "GET";
    co_return std::move(error).in(describe(request));
  }
  std::unique_ptr<Stream> stream =
      std::make_unique<ConnectionStream>(std::move(*connection), std::move(reader), describe(request));
  co_return std::move(stream);
}

asio::awaitable<Result<std::unique_ptr<Duplex>>> Client::Impl::upgrade(Request request, std::string protocol) {
  auto connection = co_await fresh();
  if (!connection) co_return connection.error();
  request.headers.set("Connection", "Upgrade");
  request.headers.set("Upgrade", protocol);
  Result<void> written = co_await write_request(request, *connection);
  if (!written) co_return written.error();
  // "101" has no body, so the reader stops right behind the head and leaves the stream's first bytes. A "200" of the
  // older protocol has neither length nor chunks: what the reader took for its body are the stream's first bytes.
  ResponseReader reader(false);
  Result<void> read = co_await read_response(*connection, reader, /*whole=*/false, options.max_body_bytes);
  if (!read) {
    Error error = read.error();
    error.outcome_unknown = true;
    co_return std::move(error).in(describe(request));
  }
  const int status = reader.response().status;
  if (status == 101 || status == 200) {
    connection->surplus = reader.take_body() + connection->surplus;
    std::unique_ptr<Duplex> duplex =
        std::make_unique<ConnectionDuplex>(std::move(*connection), std::move(reader.response()), describe(request));
    co_return std::move(duplex);
  }
  Result<void> rest = co_await read_response(*connection, reader, /*whole=*/true, std::size_t(1) << 20);
  const std::string body = reader.take_body();
  const Code code = status == 404 ? Code::not_found : status == 409 ? Code::failed_precondition : Code::unavailable;
  Error error(code, describe(request) + " answered " + std::to_string(status) + ": " + excerpt(body));
  error.retryable = status == 429 || status == 503;
  (void)rest;
  co_return error;
}

Client::Client(asio::any_io_executor ex, Endpoint endpoint, PoolOptions options)
    : impl_(std::make_shared<Impl>(std::move(ex), std::move(endpoint), std::move(options))) {}

Client::~Client() {
  if (!impl_) return;
  impl_->closed = true;
  impl_->idle.clear();
}
Client::Client(Client &&) noexcept = default;
Client &Client::operator=(Client &&) noexcept = default;

asio::awaitable<Result<Response>> Client::send(Request request, Deadline deadline) {
  const auto impl = impl_;
  const std::string what = impl->describe(request) + " at " + impl->endpoint.describe();
  auto work = impl->send(std::move(request));
  auto response = co_await with_deadline(std::move(work), deadline, what);
  co_return std::move(response);
}

asio::awaitable<Result<std::unique_ptr<Stream>>> Client::open(Request request, Deadline deadline) {
  const auto impl = impl_;
  const std::string what = impl->describe(request) + " at " + impl->endpoint.describe();
  auto work = impl->open(std::move(request));
  auto stream = co_await with_deadline(std::move(work), deadline, what);
  co_return std::move(stream);
}

asio::awaitable<Result<std::unique_ptr<Duplex>>> Client::upgrade(Request request, std::string protocol,
                                                                 Deadline deadline) {
  const auto impl = impl_;
  const std::string what = impl->describe(request) + " at " + impl->endpoint.describe();
  auto work = impl->upgrade(std::move(request), std::move(protocol));
  auto duplex = co_await with_deadline(std::move(work), deadline, what);
  co_return std::move(duplex);
}

const Endpoint &Client::endpoint() const { return impl_->endpoint; }
Counters Client::counters() const { return impl_->counters; }
asio::any_io_executor Client::executor() const { return impl_->executor; }

} // namespace ksail::http
