// SPDX-License-Identifier: Apache-2.0
// The server side of TLS by another implementation than the client's: boost::asio::ssl.
#include "tls_peer.hpp"

#include <boost/asio/ssl.hpp>

namespace ksail::test {

namespace {

constexpr auto token = asio::as_tuple(asio::use_awaitable);

class TlsPeer final : public Peer {
public:
  TlsPeer(Socket socket, std::shared_ptr<asio::ssl::context> context)
      : Peer(Socket(socket.get_executor())), context_(std::move(context)), stream_(socket_of(socket), *context_) {}

  asio::awaitable<bool> handshake() {
    auto [ec] = co_await stream_.async_handshake(asio::ssl::stream_base::server, token);
    co_return !ec;
  }
  asio::awaitable<std::size_t> read_some(char *data, std::size_t size) override {
    auto [ec, count] = co_await stream_.async_read_some(asio::buffer(data, size), token);
    co_return ec ? 0 : count;
  }
  asio::awaitable<bool> write(std::string text) override {
    auto [ec, count] = co_await asio::async_write(stream_, asio::buffer(text), token);
    co_return !ec;
  }
  asio::awaitable<void> end_output() override { co_await stream_.async_shutdown(token); }
  SSL *native() { return stream_.native_handle(); }

private:
  // The base closes and resets the socket; the stream works on the same one.
  Socket &socket_of(Socket &from) {
    socket_ = std::move(from);
    return socket_;
  }
  std::shared_ptr<asio::ssl::context> context_;
  asio::ssl::stream<Socket &> stream_;
};

asio::awaitable<std::shared_ptr<Peer>> make(std::shared_ptr<TlsServer> server,
                                            std::shared_ptr<asio::ssl::context> context, Peer::Socket socket) {
  auto peer = std::make_shared<TlsPeer>(std::move(socket), context);
  const bool shaken = co_await peer->handshake();
  if (!shaken) co_return nullptr;
  ++server->handshakes;
  if (::SSL_session_reused(peer->native())) ++server->resumed;
  const char *name = ::SSL_get_servername(peer->native(), TLSEXT_NAMETYPE_host_name);
  server->server_name = name ? name : "";
  server->client_subject.clear();
  if (X509 *certificate = ::SSL_get0_peer_certificate(peer->native())) {
    char subject[256];
    ::X509_NAME_get_text_by_NID(::X509_get_subject_name(certificate), NID_commonName, subject, sizeof subject);
    server->client_subject = subject;
  }
  co_return peer;
}

int choose_protocol(SSL *, const unsigned char **out, unsigned char *out_size, const unsigned char *offered, unsigned size,
                    void *user) {
  const std::string &wanted = static_cast<TlsServer *>(user)->protocol;
  for (unsigned at = 0; at < size; at += offered[at] + 1u)
    if (!wanted.empty() && wanted == std::string(reinterpret_cast<const char *>(offered + at + 1), offered[at])) {
      *out = offered + at + 1;
      *out_size = offered[at];
      return SSL_TLSEXT_ERR_OK;
    }
  return SSL_TLSEXT_ERR_NOACK;
}

} // namespace

MakePeer tls_peers(std::shared_ptr<TlsServer> server) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  context->use_certificate_chain(asio::buffer(server->identity.certificate_pem));
  context->use_private_key(asio::buffer(server->identity.key_pem), asio::ssl::context::pem);
  static const unsigned char scope[] = "ksail-test";
  ::SSL_CTX_set_session_id_context(context->native_handle(), scope, sizeof scope);
  if (server->tls12) ::SSL_CTX_set_max_proto_version(context->native_handle(), TLS1_2_VERSION);
  ::SSL_CTX_set_alpn_select_cb(context->native_handle(), &choose_protocol, server.get());
  if (!server->client_ca_pem.empty()) {
    context->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
    context->add_certificate_authority(asio::buffer(server->client_ca_pem));
  }
  return [server, context](Peer::Socket socket) { return make(server, context, std::move(socket)); };
}

} // namespace ksail::test
