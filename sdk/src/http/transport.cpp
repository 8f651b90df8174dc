// SPDX-License-Identifier: Apache-2.0
#include "transport.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <sys/socket.h>

namespace ksail::http {

using asio::ip::tcp;
using boost::system::error_code;

/// The context of a client and the last session, so that later connections resume it.
class TlsContext {
public:
  explicit TlsContext(TlsOptions o) : options(std::move(o)), context(asio::ssl::context::tls_client) {}
  TlsOptions options;
  asio::ssl::context context;
};

namespace {

constexpr auto token = asio::as_tuple(asio::use_awaitable);

/// The reason OpenSSL gives, without its numbers and source lines.
std::string reason_of(const error_code &ec) {
  if (ec.category() == asio::error::get_ssl_category())
    if (const char *reason = ::ERR_reason_error_string(static_cast<unsigned long>(ec.value()))) return reason;
  return ec.message();
}

Error connection_error(const Endpoint &endpoint, const error_code &ec) {
  if (ec == asio::error::operation_aborted)
    return Error(Code::cancelled, "connecting to " + endpoint.describe() + " was cancelled");
  Error error(Code::unavailable, "cannot connect to " + endpoint.describe() + ": " + reason_of(ec));
  if (ec == boost::system::errc::permission_denied)
    error.code = Code::permission_denied;
  else
    error.retryable = true;
  return error;
}

Error io_error(const Endpoint &endpoint, const char *what, const error_code &ec) {
  if (ec == asio::error::operation_aborted)
    return Error(Code::cancelled, std::string(what) + " " + endpoint.describe() + " was cancelled");
  const std::string reason = reason_of(ec);
  if (ec.category() == asio::error::get_ssl_category()) {
    // With TLS 1.3 a refused or missing client certificate only shows when the first answer is read.
    const int code = ERR_GET_REASON(static_cast<unsigned long>(ec.value()));
    if (code == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED || code == SSL_R_TLSV1_ALERT_UNKNOWN_CA ||
        code == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE || code == SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED ||
        code == SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN || code == SSL_R_TLSV1_ALERT_ACCESS_DENIED)
      return Error(Code::unauthenticated, endpoint.describe() + " refused the client certificate: " + reason,
                   "check the client certificate and key, and that they belong to this server");
  }
  return Error(Code::unavailable, std::string(what) + " " + endpoint.describe() + " failed: " + reason).retry();
}

bool socket_is_quiet(int fd) {
  char byte;
  const auto got = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

template <class Socket> class PlainTransport final : public Transport {
public:
  PlainTransport(Socket socket, Endpoint endpoint) : socket_(std::move(socket)), endpoint_(std::move(endpoint)) {}

  asio::awaitable<Result<std::size_t>> read_some(char *data, std::size_t size) override {
    auto [ec, count] = co_await socket_.async_read_some(asio::buffer(data, size), token);
    if (ec == asio::error::eof) co_return std::size_t(0);
    if (ec) co_return io_error(endpoint_, "reading from", ec);
    co_return count;
  }
  asio::awaitable<Result<void>> write_all(std::string_view first, std::string_view second) override {
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(first), asio::buffer(second)};
    auto [ec, count] = co_await asio::async_write(socket_, buffers, token);
    if (ec) co_return io_error(endpoint_, "writing to", ec);
    co_return Result<void>();
  }
  asio::awaitable<Result<void>> shutdown_write() override {
    error_code ec;
    socket_.shutdown(Socket::shutdown_send, ec);
    if (ec) co_return io_error(endpoint_, "closing the input of", ec);
    co_return Result<void>();
  }
  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }
  bool is_idle_and_open() override { return socket_.is_open() && socket_is_quiet(socket_.native_handle()); }

private:
  Socket socket_;
  Endpoint endpoint_;
};

class TlsTransport final : public Transport {
public:
  TlsTransport(tcp::socket socket, Endpoint endpoint, std::shared_ptr<TlsContext> tls)
      : tls_(std::move(tls)), stream_(std::move(socket), tls_->context), endpoint_(std::move(endpoint)) {}
  ~TlsTransport() override { close(); }

  asio::awaitable<Result<void>> handshake() {
    const std::string &name = tls_->options.server_name.empty() ? endpoint_.host : tls_->options.server_name;
    error_code not_an_address;
    asio::ip::make_address(name, not_an_address);
    if (not_an_address) ::SSL_set_tlsext_host_name(stream_.native_handle(), name.c_str());
    if (tls_->options.verify) {
      stream_.set_verify_mode(asio::ssl::verify_peer);
      // Checks subject alternative names, of IP addresses too; the certificate's own chain is checked by OpenSSL
      // before.
      stream_.set_verify_callback(asio::ssl::host_name_verification(name));
    } else {
      stream_.set_verify_mode(asio::ssl::verify_none);
    }
    auto [ec] = co_await stream_.async_handshake(asio::ssl::stream_base::client, token);
    if (!ec) co_return Result<void>();
    if (ec == asio::error::operation_aborted) co_return connection_error(endpoint_, ec);
    const long verdict = ::SSL_get_verify_result(stream_.native_handle());
    const bool chain = ec.category() == asio::error::get_ssl_category() &&
                       ERR_GET_REASON(static_cast<unsigned long>(ec.value())) == SSL_R_CERTIFICATE_VERIFY_FAILED;
    if (chain) {
      const std::string why = verdict == X509_V_OK ? "it is not for " + name : ::X509_verify_cert_error_string(verdict);
      co_return Error(Code::unauthenticated, "the certificate of " + endpoint_.describe() + " was not accepted: " + why,
                      "check the certificate authority and the server's name in the configuration");
    }
    Error refused = io_error(endpoint_, "TLS handshake with", ec);
    co_return refused;
  }

  asio::awaitable<Result<std::size_t>> read_some(char *data, std::size_t size) override {
    auto [ec, count] = co_await stream_.async_read_some(asio::buffer(data, size), token);
    // Many servers close without a TLS goodbye; HTTP's own framing notices what is missing.
    if (ec == asio::error::eof || ec == asio::ssl::error::stream_truncated) co_return std::size_t(0);
    if (ec) co_return io_error(endpoint_, "reading from", ec);
    co_return count;
  }
  asio::awaitable<Result<void>> write_all(std::string_view first, std::string_view second) override {
    // One record where it is small: two would be two packets.
    if (!second.empty() && first.size() + second.size() <= 16384) {
      joined_.assign(first);
      joined_.append(second);
      first = joined_;
      second = {};
    }
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(first), asio::buffer(second)};
    auto [ec, count] = co_await asio::async_write(stream_, buffers, token);
    if (ec) co_return io_error(endpoint_, "writing to", ec);
    co_return Result<void>();
  }
  asio::awaitable<Result<void>> shutdown_write() override {
    auto [ec] = co_await stream_.async_shutdown(token);
    if (ec && ec != asio::error::eof && ec != asio::ssl::error::stream_truncated)
      co_return io_error(endpoint_, "closing the input of", ec);
    co_return Result<void>();
  }
  void close() override {
    if (!stream_.next_layer().is_open()) return;
    // The goodbye is written if it can be written at once; nobody waits for the peer's. Without it OpenSSL drops the
    // session.
    ::SSL_set_shutdown(stream_.native_handle(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    error_code ignored;
    stream_.next_layer().close(ignored);
  }
  bool is_idle_and_open() override {
    auto &socket = stream_.next_layer();
    return socket.is_open() && ::SSL_pending(stream_.native_handle()) == 0 && socket_is_quiet(socket.native_handle());
  }

private:
  std::shared_ptr<TlsContext> tls_;
  asio::ssl::stream<tcp::socket> stream_;
  Endpoint endpoint_;
  std::string joined_;
};

Error bad_material(const std::string &what, const error_code &ec) {
  return Error(Code::unauthenticated, "the " + what + " cannot be used: " + reason_of(ec),
               "it must be PEM, and key and certificate must belong together");
}

asio::awaitable<Result<tcp::socket>> connect_tcp(const Endpoint &endpoint) {
  const auto executor = co_await asio::this_coro::executor;
  tcp::socket socket(executor);
  error_code not_literal;
  const auto address = asio::ip::make_address(endpoint.host, not_literal);
  if (!not_literal) {
    // A literal address must not start the resolver's thread.
    const tcp::endpoint target(address, endpoint.port);
    auto [ec] = co_await socket.async_connect(target, token);
    if (ec) co_return connection_error(endpoint, ec);
  } else {
    tcp::resolver resolver(executor);
    auto [resolve_error, targets] =
        co_await resolver.async_resolve(endpoint.host, std::to_string(endpoint.port), token);
    if (resolve_error) co_return connection_error(endpoint, resolve_error);
    auto [ec, target] = co_await asio::async_connect(socket, targets, token);
    if (ec) co_return connection_error(endpoint, ec);
  }
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  co_return std::move(socket);
}

} // namespace

Result<std::shared_ptr<TlsContext>> make_tls_context(const TlsOptions &options) {
  auto tls = std::make_shared<TlsContext>(options);
  error_code ec;
  auto &context = tls->context;
  ::SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  ::SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
  if (!options.ca_pem.empty())
    context.add_certificate_authority(asio::buffer(options.ca_pem), ec);
  else if (options.verify)
    context.set_default_verify_paths(ec);
  if (ec) return bad_material("certificate authority", ec);
  if (!options.certificate_pem.empty()) {
    context.use_certificate_chain(asio::buffer(options.certificate_pem), ec);
    if (ec) return bad_material("client certificate", ec);
    context.use_private_key(asio::buffer(options.key_pem), asio::ssl::context::pem, ec);
    if (ec) return bad_material("client key", ec);
  }
  return tls;
}

asio::awaitable<Result<std::unique_ptr<Transport>>> connect(const Endpoint &endpoint, std::shared_ptr<TlsContext> tls) {
  const auto executor = co_await asio::this_coro::executor;
  if (endpoint.transport == Endpoint::Transport::unix_socket) {
    using Socket = asio::local::stream_protocol::socket;
    Socket socket(executor);
    if (endpoint.path.size() >= sizeof(sockaddr_un::sun_path))
      co_return Error(Code::invalid_argument, "the path of the socket " + endpoint.path + " is too long");
    const asio::local::stream_protocol::endpoint target(endpoint.path);
    auto [ec] = co_await socket.async_connect(target, token);
    if (ec) {
      Error error = connection_error(endpoint, ec);
      // Nobody will make a socket that is not there while we wait.
      if (ec == boost::system::errc::no_such_file_or_directory) error.retryable = false;
      co_return error;
    }
    std::unique_ptr<Transport> made = std::make_unique<PlainTransport<Socket>>(std::move(socket), endpoint);
    co_return std::move(made);
  }
  auto socket = co_await connect_tcp(endpoint);
  if (!socket) co_return socket.error();
  if (endpoint.transport == Endpoint::Transport::tcp) {
    std::unique_ptr<Transport> made = std::make_unique<PlainTransport<tcp::socket>>(std::move(*socket), endpoint);
    co_return std::move(made);
  }
  auto secure = std::make_unique<TlsTransport>(std::move(*socket), endpoint, std::move(tls));
  Result<void> shaken = co_await secure->handshake();
  if (!shaken) co_return shaken.error();
  std::unique_ptr<Transport> made = std::move(secure);
  co_return std::move(made);
}

} // namespace ksail::http
