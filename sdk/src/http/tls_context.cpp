// SPDX-License-Identifier: Apache-2.0
#include "tls_context.hpp"

#include "tls_transport.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstring>

namespace ksail::http {

namespace {

struct Free {
  void operator()(BIO *bio) const { ::BIO_free(bio); }
  void operator()(X509 *certificate) const { ::X509_free(certificate); }
  void operator()(EVP_PKEY *key) const { ::EVP_PKEY_free(key); }
};
template <class T> using Owned = std::unique_ptr<T, Free>;

Owned<BIO> text_source(const std::string &text) {
  return Owned<BIO>(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Without a callback of ours OpenSSL would ask for the passphrase on the terminal.
int no_passphrase(char *, int, int, void *) { return 0; }

Owned<X509> next_certificate(BIO *source) {
  return Owned<X509>(::PEM_read_bio_X509(source, nullptr, no_passphrase, nullptr));
}

Error unusable(const std::string &what, const std::string &why, std::string hint) {
  ::ERR_clear_error();
  return Error(Code::unauthenticated, "the " + what + " cannot be used: " + why, std::move(hint));
}

Result<void> trust(SSL_CTX *context, const std::string &pem) {
  X509_STORE *store = ::SSL_CTX_get_cert_store(context);
  const auto source = text_source(pem);
  int count = 0;
  while (const auto certificate = next_certificate(source.get())) {
    ::X509_STORE_add_cert(store, certificate.get());
    ++count;
  }
  const unsigned long error = ::ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (count == 0 || (error != 0 && !at_end))
    return unusable("certificate authority", at_end || error == 0 ? "it holds no certificate" : tls_reason(error),
                    "it must be one or more certificates in PEM");
  ::ERR_clear_error();
  return {};
}

Result<void> identify(SSL_CTX *context, const TlsOptions &options) {
  const auto chain = text_source(options.certificate_pem);
  const auto leaf = next_certificate(chain.get());
  if (!leaf || ::SSL_CTX_use_certificate(context, leaf.get()) != 1)
    return unusable("client certificate", tls_reason(::ERR_peek_last_error()), "it must be a certificate in PEM");
  while (auto issuer = next_certificate(chain.get()))
    if (::SSL_CTX_add0_chain_cert(context, issuer.get()) == 1) issuer.release();
  ::ERR_clear_error();
  const auto source = text_source(options.key_pem);
  const Owned<EVP_PKEY> key(::PEM_read_bio_PrivateKey(source.get(), nullptr, no_passphrase, nullptr));
  if (!key)
    return unusable("client key", tls_reason(::ERR_peek_last_error()),
                    "it must be a private key in PEM, without passphrase");
  if (::SSL_CTX_use_PrivateKey(context, key.get()) != 1 || ::SSL_CTX_check_private_key(context) != 1)
    return unusable("client key", tls_reason(::ERR_peek_last_error()),
                    "it must be the key that belongs to the client certificate");
  return {};
}

int context_index() {
  static const int index = ::SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

constexpr std::size_t sessions_kept = 16;

} // namespace

std::string tls_reason(unsigned long error) {
  if (ERR_SYSTEM_ERROR(error)) return std::strerror(ERR_GET_REASON(error));
  const char *reason = ::ERR_reason_error_string(error);
  return reason ? reason : "an unknown TLS error";
}

TlsContext::TlsContext(bool verify, std::string server_name)
    : verify_(verify), server_name_(std::move(server_name)), context_(::SSL_CTX_new(::TLS_client_method())) {
  SSL_CTX *context = context_.get();
  if (!context) throw std::bad_alloc();
  ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  ::SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  ::SSL_CTX_set_mode(context,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ::SSL_CTX_set_verify(context, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  // A kubeconfig may name an intermediate authority as the one to trust, and client-go accepts that.
  ::X509_VERIFY_PARAM_set_flags(::SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  ::SSL_CTX_set_ex_data(context, context_index(), this);
  ::SSL_CTX_sess_set_new_cb(context, &TlsContext::on_new_session);
}

int TlsContext::on_new_session(SSL *ssl, SSL_SESSION *session) {
  auto *self = static_cast<TlsContext *>(::SSL_CTX_get_ex_data(::SSL_get_SSL_CTX(ssl), context_index()));
  if (self->sessions_.size() == sessions_kept) self->sessions_.erase(self->sessions_.begin());
  self->sessions_.emplace_back(session);
  return 1; // the reference is ours now
}

std::unique_ptr<SSL_SESSION, SslDeleter> TlsContext::take_session() {
  if (sessions_.empty()) return nullptr;
  auto session = std::move(sessions_.back());
  sessions_.pop_back();
  if (!::SSL_SESSION_is_resumable(session.get())) return nullptr;
  // The last one stays: of many connections that begin at once, before the server has given more, each would otherwise
  // pay for a whole handshake.
  if (sessions_.empty() && ::SSL_SESSION_up_ref(session.get()) == 1) sessions_.emplace_back(session.get());
  return session;
}

Result<std::shared_ptr<TlsContext>> make_tls_context(const TlsOptions &options) {
  auto tls = std::make_shared<TlsContext>(options.verify, options.server_name);
  ::ERR_clear_error();
  if (options.verify) {
    if (options.ca_pem.empty()) {
      ::SSL_CTX_set_default_verify_paths(tls->native());
    } else {
      const auto trusted = trust(tls->native(), options.ca_pem);
      if (!trusted) return trusted.error();
    }
  }
  if (options.certificate_pem.empty() != options.key_pem.empty())
    return unusable(options.key_pem.empty() ? "client certificate" : "client key",
                    options.key_pem.empty() ? "its key is missing" : "its certificate is missing",
                    "give both or neither");
  if (!options.certificate_pem.empty()) {
    const auto identified = identify(tls->native(), options);
    if (!identified) return identified.error();
  }
  return tls;
}

} // namespace ksail::http
