// SPDX-License-Identifier: Apache-2.0
// Streams of bytes: what is agreed on before the first one, and who is refused.
#include <ksail/sdk/byte_stream.hpp>

#include "loop.hpp"
#include "tls_peer.hpp"

#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

using namespace ksail;
using namespace ksail::test;
using namespace std::chrono_literals;

namespace {

const Identity &identity() {
  static const Identity the = authority().issue("server", {"IP:127.0.0.1"}, KeyKind::ed25519);
  return the;
}

asio::awaitable<void> echo(std::shared_ptr<Peer> peer, int) {
  const std::string text = co_await peer->exactly(5);
  co_await peer->write(text);
  co_await peer->end_output();
}

struct Site {
  Site() {
    tls->identity = identity();
    trust.ca_pem = authority().certificate_pem();
    options.application_protocol = tls->protocol = "h2";
  }
  Result<std::unique_ptr<ByteStream>> open(Loop &loop) {
    server.emplace(loop.io, echo, tls_peers(tls));
    return loop.run(
        open_byte_stream(http::Endpoint::tls_tcp("127.0.0.1", server->port(), trust), options, Deadline::after(30s)));
  }
  std::shared_ptr<TlsServer> tls = std::make_shared<TlsServer>();
  http::TlsOptions trust;
  StreamOptions options;
  std::optional<RawServer> server;
};

asio::awaitable<std::string> exchange(ByteStream &stream) {
  auto written = co_await stream.write_all("hello");
  if (!written) co_return written.error().message;
  std::string text;
  char buffer[64];
  for (;;) {
    auto count = co_await stream.read_some(buffer, sizeof buffer);
    if (!count) co_return count.error().message;
    if (*count == 0) co_return text;
    text.append(buffer, *count);
  }
}

/// What `openssl x509 -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64` prints.
std::string fingerprint(const std::string &pem) {
  BIO *bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509 *certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  unsigned char *der = nullptr;
  const int size = i2d_PUBKEY(X509_get0_pubkey(certificate), &der);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(der, static_cast<std::size_t>(size), digest);
  OPENSSL_free(der);
  X509_free(certificate);
  unsigned char text[64];
  const int length = EVP_EncodeBlock(text, digest, sizeof digest);
  return std::string(reinterpret_cast<char *>(text), static_cast<std::size_t>(length));
}

} // namespace

TEST_CASE("a byte stream agrees on its protocol and carries bytes both ways") {
  Loop loop;
  Site site;
  auto stream = site.open(loop);
  REQUIRE(stream);
  CHECK(loop.run(exchange(**stream)) == "hello");
}

TEST_CASE("a byte stream over plain TCP needs no agreement") {
  Loop loop;
  RawServer server(loop.io, echo);
  StreamOptions options;
  options.application_protocol = "h2";
  auto stream = loop.run(open_byte_stream(server.endpoint(), options, Deadline::after(30s)));
  REQUIRE(stream);
  CHECK(loop.run(exchange(**stream)) == "hello");
}

TEST_CASE("a server that speaks another protocol is refused before anything is sent") {
  Loop loop;
  Site site;
  site.tls->protocol = "http/1.1";
  auto stream = site.open(loop);
  REQUIRE_FALSE(stream);
  CHECK(stream.error().code == Code::unavailable);
  CHECK(stream.error().message.find("does not speak h2") != std::string::npos);
}

TEST_CASE("a server of another authority is refused, one known by its key is not") {
  Loop loop;
  Site site;
  site.trust.ca_pem = Authority("another").certificate_pem();
  auto stream = site.open(loop);
  REQUIRE_FALSE(stream);
  CHECK(stream.error().code == Code::unauthenticated);

  site.trust.ca_pem.clear();
  site.trust.verify = false;
  site.options.public_key_fingerprint = fingerprint(identity().certificate_pem);
  stream = site.open(loop);
  REQUIRE(stream);
  CHECK(loop.run(exchange(**stream)) == "hello");

  site.options.public_key_fingerprint = fingerprint(authority().issue("other", {}).certificate_pem);
  stream = site.open(loop);
  REQUIRE_FALSE(stream);
  CHECK(stream.error().code == Code::unauthenticated);
  CHECK(stream.error().message.find(fingerprint(identity().certificate_pem)) != std::string::npos);
}

TEST_CASE("a byte stream to nobody, and one that nobody answers in time") {
  Loop loop;
  auto stream = loop.run(open_byte_stream(http::Endpoint::tcp("127.0.0.1", 1), StreamOptions(), Deadline::after(30s)));
  REQUIRE_FALSE(stream);
  CHECK(stream.error().code == Code::unavailable);
  CHECK(stream.error().retryable);
  RawServer silent(loop.io, [](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> { co_await peer->to_end(); });
  http::Endpoint endpoint = http::Endpoint::tls_tcp("127.0.0.1", silent.port(), http::TlsOptions());
  stream = loop.run(open_byte_stream(endpoint, StreamOptions(), Deadline::after(50ms)));
  REQUIRE_FALSE(stream);
  CHECK(stream.error().code == Code::deadline_exceeded);
}
