// SPDX-License-Identifier: Apache-2.0
// TLS over a TCP socket, with OpenSSL working on memory and the socket's bytes carried here. That gives what
// boost::asio::ssl::stream cannot: a half close that does not wait for (and lose) what the peer still sends.
#include "tls_transport.hpp"

#include "socket_error.hpp"
#include "tls_context.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <sys/socket.h>
#include <vector>

namespace ksail::http {

using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t record_size = 16 * 1024; ///< the most one TLS record carries (RFC 8446 section 5.1)
constexpr std::size_t sealed_at_once = 8 * record_size;

/// The server said in an alert that it does not want us. With TLS 1.3 that shows when the first answer is read.
bool refuses_client_certificate(int reason) {
  switch (reason) {
  case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
  case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
  case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
  case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
  case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
  case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
  case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
  case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
  case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    return true;
  default:
    return false;
  }
}

/// What a certificate that is too young or too old is compared with: the clock may be what is wrong.
std::string clock_text() {
  const std::time_t now = std::time(nullptr);
  std::tm fields{};
  ::gmtime_r(&now, &fields);
  std::array<char, 40> text{};
  return std::string(text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &fields));
}

class TlsTransport final : public Transport {
public:
  TlsTransport(tcp::socket socket, const Endpoint &endpoint, std::shared_ptr<TlsContext> tls)
      : tls_(std::move(tls)), socket_(std::move(socket)), flushed_(socket_.get_executor(), Clock::time_point::max()),
        ssl_(::SSL_new(tls_->native())), in_(::BIO_new(::BIO_s_mem())), out_(::BIO_new(::BIO_s_mem())),
        input_(record_size + 512) {
    endpoint_.transport = endpoint.transport;
    endpoint_.host = endpoint.host;
    endpoint_.port = endpoint.port;
    ::BIO_set_mem_eof_return(in_, -1); // an empty input means "not yet"
    ::SSL_set_bio(ssl_.get(), in_, out_);
    ::SSL_set_connect_state(ssl_.get());
  }
  ~TlsTransport() override { close(); }

  bool offer(const Protocols &protocols);
  asio::awaitable<Result<void>> handshake();
  asio::awaitable<Result<std::size_t>> read_some(char *data, std::size_t size) override;
  asio::awaitable<Result<void>> write_all(std::string_view first, std::string_view second) override;
  asio::awaitable<Result<void>> shutdown_write() override;
  void close() override;
  bool is_idle_and_open() override;
  std::uint64_t bytes_written() const override { return written_; }
  bool cut_off() const override { return cut_off_; }
  std::chrono::nanoseconds round_trip() const override { return round_trip_; }
  std::string application_protocol() const override;
  std::string peer_public_key() const override;

private:
  asio::awaitable<Result<void>> seal_and_send(std::string_view bytes);
  asio::awaitable<Result<void>> flush();
  asio::awaitable<Result<std::size_t>> fill(const char *what);
  Error failure(const char *what, unsigned long error) const;
  Error refused_server(unsigned long error) const;
  const std::string &expected_name() const {
    return tls_->server_name().empty() ? endpoint_.host : tls_->server_name();
  }

  std::shared_ptr<TlsContext> tls_;
  tcp::socket socket_;
  asio::steady_timer flushed_; ///< cancelled when a flush ends
  std::unique_ptr<SSL, SslDeleter> ssl_;
  BIO *in_;  ///< from the socket to OpenSSL; owned by ssl_
  BIO *out_; ///< from OpenSSL to the socket; owned by ssl_
  std::vector<char> input_;
  std::string joined_;
  std::string sealed_; ///< being written to the socket
  Endpoint endpoint_;  ///< for messages only
  std::uint64_t written_ = 0;
  std::chrono::nanoseconds round_trip_{0};
  bool flushing_ = false;
  bool broken_ = false; ///< a record went out in part: nothing can follow it
  bool cut_off_ = false;
};

Error TlsTransport::failure(const char *what, unsigned long error) const {
  const std::string reason = tls_reason(error);
  // Servers say "expired" also of what is not valid yet (as Go's do).
  if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED)
    return Error(Code::unauthenticated,
                 endpoint_.describe() +
                     " refused the client certificate: by the server's clock it has expired or is "
                     "not valid yet; this machine's clock says " +
                     clock_text(),
                 "compare the clocks of both machines; if they agree, the certificate has to be renewed");
  if (ERR_GET_LIB(error) == ERR_LIB_SSL && refuses_client_certificate(ERR_GET_REASON(error)))
    return Error(Code::unauthenticated, endpoint_.describe() + " refused the client certificate: " + reason,
                 "check the client certificate and its key, and that this server's authority has signed it");
  return Error(Code::unavailable, std::string(what) + " " + endpoint_.describe() + " failed: " + reason);
}

Error TlsTransport::refused_server(unsigned long error) const {
  const long verdict = ::SSL_get_verify_result(ssl_.get());
  if (!tls_->verifies() || verdict == X509_V_OK) {
    Error failed = failure("the TLS handshake with", error);
    if (ERR_GET_REASON(error) == SSL_R_WRONG_VERSION_NUMBER) failed.hint = "check that the server speaks TLS there";
    return failed;
  }
  if (verdict == X509_V_ERR_CERT_NOT_YET_VALID || verdict == X509_V_ERR_CERT_HAS_EXPIRED)
    return Error(Code::unauthenticated,
                 "the certificate of " + endpoint_.describe() + " was not accepted: " +
                     ::X509_verify_cert_error_string(verdict) + " by this machine's clock, which says " + clock_text(),
                 "compare this machine's clock with that of the server; if they agree, " +
                     std::string(verdict == X509_V_ERR_CERT_HAS_EXPIRED ? "the certificate has to be renewed"
                                                                        : "the certificate was made for later"));
  const bool other_name = verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH;
  return Error(Code::unauthenticated,
               "the certificate of " + endpoint_.describe() + " was not accepted: " +
                   (other_name ? "it is not for " + expected_name() : ::X509_verify_cert_error_string(verdict)),
               other_name ? "use a name or address that the certificate is for, or set the server name to verify"
                          : "check the certificate authority that is configured for this server");
}

std::string TlsTransport::application_protocol() const {
  const unsigned char *name = nullptr;
  unsigned size = 0;
  ::SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return name ? std::string(reinterpret_cast<const char *>(name), size) : std::string();
}

std::string TlsTransport::peer_public_key() const {
  const X509 *certificate = ::SSL_get0_peer_certificate(ssl_.get());
  if (!certificate) return {};
  unsigned char *encoded = nullptr;
  const int size = ::i2d_X509_PUBKEY(::X509_get_X509_PUBKEY(certificate), &encoded);
  if (size <= 0) return {};
  std::string key(reinterpret_cast<const char *>(encoded), static_cast<std::size_t>(size));
  ::OPENSSL_free(encoded);
  return key;
}

bool TlsTransport::offer(const Protocols &protocols) {
  if (protocols.empty()) return true;
  std::string list; // each name with its length in front (RFC 7301 section 3.1)
  for (const auto &name : protocols)
    list.append(1, static_cast<char>(name.size())).append(name);
  return ::SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char *>(list.data()),
                               static_cast<unsigned>(list.size())) == 0;
}

asio::awaitable<Result<void>> TlsTransport::handshake() {
  SSL *ssl = ssl_.get();
  const std::string &name = expected_name();
  error_code not_an_address;
  asio::ip::make_address(name, not_an_address);
  // Server name indication is for names only (RFC 6066 section 3).
  if (not_an_address) ::SSL_set_tlsext_host_name(ssl, name.c_str());
  if (tls_->verifies()) {
    ::SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const bool set = not_an_address ? ::SSL_set1_host(ssl, name.c_str()) == 1
                                    : ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(ssl), name.c_str()) == 1;
    if (!set)
      co_return Error(Code::invalid_argument, "the name to verify the server by cannot be used: \"" + name + "\"");
  }
  if (const auto session = tls_->take_session()) ::SSL_set_session(ssl, session.get());
  for (;;) {
    ::ERR_clear_error();
    const int result = ::SSL_do_handshake(ssl);
    const int state = ::SSL_get_error(ssl, result);
    const unsigned long error = ::ERR_peek_last_error();
    // Also after a failure: the server is told why in an alert.
    Result<void> flushed = co_await flush();
    if (result == 1 || state == SSL_ERROR_WANT_READ) {
      if (!flushed) co_return flushed.error();
      if (result == 1) co_return Result<void>();
    } else {
      co_return refused_server(error);
    }
    const auto sent = Clock::now();
    auto count = co_await fill("the TLS handshake with");
    if (!count) co_return count.error();
    if (round_trip_.count() == 0) round_trip_ = Clock::now() - sent;
    if (*count == 0) {
      Error closed(Code::unavailable,
                   "the TLS handshake with " + endpoint_.describe() + " failed: the server closed the connection");
      co_return std::move(closed).retry();
    }
  }
}

/// Carries bytes from the socket to OpenSSL; 0: the socket has ended.
asio::awaitable<Result<std::size_t>> TlsTransport::fill(const char *what) {
  auto [ec, count] = co_await socket_.async_read_some(asio::buffer(input_), with_error_code);
  if (ec == asio::error::eof) co_return std::size_t(0);
  if (ec) co_return io_error(endpoint_, what, ec);
  ::BIO_write(in_, input_.data(), static_cast<int>(count));
  co_return count;
}

/// Carries what OpenSSL has made to the socket. Reader and writer may both have reason to; one of them does it.
asio::awaitable<Result<void>> TlsTransport::flush() {
  while (flushing_) {
    const bool go_on = co_await detail::wait_cancellable(flushed_);
    if (!go_on && flushing_) co_return io_error(endpoint_, "writing to", asio::error::operation_aborted);
  }
  struct Turn {
    TlsTransport &self;
    explicit Turn(TlsTransport &s) : self(s) { self.flushing_ = true; }
    ~Turn() {
      self.flushing_ = false;
      self.flushed_.cancel();
    }
  } turn(*this);
  while (const auto pending = ::BIO_ctrl_pending(out_)) {
    if (broken_) co_return io_error(endpoint_, "writing to", asio::error::broken_pipe);
    sealed_.resize(pending);
    ::BIO_read(out_, sealed_.data(), static_cast<int>(pending));
    broken_ = true; // until it is all out
    auto [ec, count] = co_await asio::async_write(socket_, asio::buffer(sealed_), with_error_code);
    written_ += count;
    if (ec) co_return io_error(endpoint_, "writing to", ec);
    broken_ = false;
  }
  co_return Result<void>();
}

asio::awaitable<Result<std::size_t>> TlsTransport::read_some(char *data, std::size_t size) {
  const int room = static_cast<int>(std::min(size, std::size_t(1) << 30));
  for (;;) {
    ::ERR_clear_error();
    const int result = ::SSL_read(ssl_.get(), data, room);
    if (result > 0) co_return static_cast<std::size_t>(result);
    const int state = ::SSL_get_error(ssl_.get(), result);
    const unsigned long error = ::ERR_peek_last_error();
    if (state == SSL_ERROR_ZERO_RETURN) co_return std::size_t(0);
    if (state != SSL_ERROR_WANT_READ) co_return failure("reading from", error);
    // A key update wants an answer; whoever is flushing takes it along.
    if (!flushing_ && !broken_ && ::BIO_ctrl_pending(out_) > 0) {
      Result<void> flushed = co_await flush();
      if (!flushed) co_return flushed.error();
    }
    auto count = co_await fill("reading from");
    if (!count) co_return count.error();
    if (*count == 0) {
      cut_off_ = true;
      co_return std::size_t(0);
    }
  }
}

asio::awaitable<Result<void>> TlsTransport::write_all(std::string_view first, std::string_view second) {
  // Small requests go out as one record: two would be two packets.
  if (!second.empty() && first.size() + second.size() <= record_size) {
    joined_.assign(first);
    joined_.append(second);
    first = joined_;
    second = {};
  }
  Result<void> sent = co_await seal_and_send(first);
  if (sent && !second.empty()) sent = co_await seal_and_send(second);
  co_return sent;
}

asio::awaitable<Result<void>> TlsTransport::seal_and_send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (broken_ || (::SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN))
      co_return io_error(endpoint_, "writing to", asio::error::broken_pipe);
    std::size_t sealed = 0;
    while (!bytes.empty() && sealed < sealed_at_once) {
      ::ERR_clear_error();
      const auto piece = static_cast<int>(std::min(bytes.size(), record_size));
      const int result = ::SSL_write(ssl_.get(), bytes.data(), piece);
      if (result <= 0) co_return failure("writing to", ::ERR_peek_last_error());
      bytes.remove_prefix(static_cast<std::size_t>(result));
      sealed += static_cast<std::size_t>(result);
    }
    Result<void> flushed = co_await flush();
    if (!flushed) co_return flushed.error();
  }
  co_return Result<void>();
}

asio::awaitable<Result<void>> TlsTransport::shutdown_write() {
  // Says "no more from me" and does not wait for the peer's own goodbye: it may have a lot to say before.
  ::ERR_clear_error();
  ::SSL_shutdown(ssl_.get());
  ::ERR_clear_error();
  Result<void> flushed = co_await flush();
  co_return flushed;
}

void TlsTransport::close() {
  if (!socket_.is_open()) return;
  if (!broken_ && !flushing_ && ::SSL_is_init_finished(ssl_.get())) {
    // The goodbye goes if it can go at once; nobody waits for the peer's.
    ::ERR_clear_error();
    ::SSL_shutdown(ssl_.get());
    ::ERR_clear_error();
    std::array<char, 512> goodbye;
    const int size = ::BIO_read(out_, goodbye.data(), static_cast<int>(goodbye.size()));
    if (size > 0)
      (void)::send(socket_.native_handle(), goodbye.data(), static_cast<std::size_t>(size),
                   MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  broken_ = true;
  error_code ignored;
  socket_.close(ignored);
}

bool TlsTransport::is_idle_and_open() {
  if (!socket_.is_open() || broken_ || flushing_) return false;
  // What the server sends by itself between two answers may be session tickets, which are no reason to give it up.
  for (;;) {
    char byte;
    ::ERR_clear_error();
    if (::SSL_peek(ssl_.get(), &byte, 1) > 0) return false;
    if (::SSL_get_error(ssl_.get(), -1) != SSL_ERROR_WANT_READ) return false;
    const auto got = ::recv(socket_.native_handle(), input_.data(), input_.size(), MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    if (got == 0) return false;
    ::BIO_write(in_, input_.data(), static_cast<int>(got));
  }
}

} // namespace

asio::awaitable<Result<std::shared_ptr<Transport>>> secure(tcp::socket socket, const Endpoint &endpoint,
                                                           std::shared_ptr<TlsContext> tls, Protocols protocols) {
  auto made = std::make_shared<TlsTransport>(std::move(socket), endpoint, std::move(tls));
  if (!made->offer(protocols)) co_return Error(Code::internal, "the protocols to agree on cannot be set");
  Result<void> shaken = co_await made->handshake();
  if (!shaken) co_return shaken.error();
  std::shared_ptr<Transport> transport = std::move(made);
  co_return transport;
}

} // namespace ksail::http
