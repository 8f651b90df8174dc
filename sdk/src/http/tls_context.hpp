// SPDX-License-Identifier: Apache-2.0
// What the TLS connections of one client share: certificates, trusted authorities, and sessions to resume.
#pragma once

#include <ksail/sdk/http.hpp>

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

namespace ksail::http {

struct SslDeleter {
  void operator()(SSL_CTX *context) const { ::SSL_CTX_free(context); }
  void operator()(SSL *ssl) const { ::SSL_free(ssl); }
  void operator()(SSL_SESSION *session) const { ::SSL_SESSION_free(session); }
};

class TlsContext {
public:
  explicit TlsContext(bool verify, std::string server_name);
  TlsContext(const TlsContext &) = delete;
  TlsContext &operator=(const TlsContext &) = delete;

  SSL_CTX *native() const { return context_.get(); }
  bool verifies() const { return verify_; }
  const std::string &server_name() const { return server_name_; }
  /// A session that the server gave to an earlier connection, or null. TLS 1.3 tickets are handed out once each as long
  /// as there are others: RFC 8446 appendix C.4 wants that so that nobody on the way sees that two connections have the
  /// same client, which those of one program to one server show anyway.
  std::unique_ptr<SSL_SESSION, SslDeleter> take_session();

private:
  static int on_new_session(SSL *ssl, SSL_SESSION *session);

  bool verify_;
  std::string server_name_;
  std::vector<std::unique_ptr<SSL_SESSION, SslDeleter>> sessions_;
  std::unique_ptr<SSL_CTX, SslDeleter> context_; ///< last: its end may still call on_new_session
};

/// The reason OpenSSL gives, without its numbers and source lines.
std::string tls_reason(unsigned long error);

} // namespace ksail::http
