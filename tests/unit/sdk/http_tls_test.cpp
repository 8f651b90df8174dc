// SPDX-License-Identifier: Apache-2.0
// TLS: who is trusted, who is asked for a certificate, how it ends, and sessions that are resumed.
#include "loop.hpp"
#include "raw_server.hpp"
#include "running.hpp"
#include "tls_peer.hpp"

#include <fstream>

using namespace ksail;
using namespace ksail::test;
using namespace std::chrono_literals;
using http::Client;
using http::PoolOptions;
using http::Request;

namespace {

asio::awaitable<void> hello(std::shared_ptr<Peer> peer, int) {
  for (;;) {
    const std::string head = co_await peer->head();
    if (head.empty()) co_return;
    const bool written = co_await peer->write(answer("hello"));
    if (!written) co_return;
  }
}

struct Site {
  explicit Site(Script script = hello) : script_(std::move(script)) {
    tls->identity = server_identity();
    trust.ca_pem = authority().certificate_pem();
  }
  void start(Loop &loop) { server.emplace(loop.io, script_, tls_peers(tls)); }
  http::Endpoint endpoint(const std::string &host = "127.0.0.1") const {
    return http::Endpoint::tls_tcp(host, server->port(), trust);
  }
  Result<http::Response> ask(Loop &loop, const std::string &host = "127.0.0.1") {
    if (!server) start(loop);
    Client client(loop.executor(), endpoint(host), PoolOptions());
    return loop.run(client.send(Request("GET", "/"), soon()));
  }
  std::shared_ptr<TlsServer> tls = std::make_shared<TlsServer>();
  http::TlsOptions trust;
  std::optional<RawServer> server;

private:
  Script script_;
};

} // namespace

TEST_CASE("TLS: the server is known by address and by name") {
  Loop loop;
  Site site;
  site.tls->tls12 = GENERATE(false, true);
  auto response = site.ask(loop);
  REQUIRE(response);
  CHECK(response->body == "hello");
  CHECK(site.tls->server_name.empty());
  response = site.ask(loop, "localhost");
  REQUIRE(response);
  CHECK(site.tls->server_name == "localhost");
}

TEST_CASE("TLS: a configured server name is asked for and verified instead of the host") {
  Loop loop;
  Site site;
  site.tls->identity = authority().issue("server", {"DNS:kubernetes.default.svc"});
  site.trust.server_name = "kubernetes.default.svc";
  REQUIRE(site.ask(loop));
  CHECK(site.tls->server_name == "kubernetes.default.svc");
}

TEST_CASE("TLS: servers that cannot be trusted are refused with the reason") {
  Loop loop;
  Site site;
  std::string words;
  std::string host = "127.0.0.1";
  SECTION("another authority") {
    site.trust.ca_pem = Authority("another authority").certificate_pem();
    words = "unable to get local issuer certificate";
  }
  SECTION("the same authority by name only") {
    site.trust.ca_pem = Authority("test authority").certificate_pem();
    words = "";
  }
  SECTION("another address") {
    site.tls->identity = authority().issue("server", {"IP:127.0.0.2", "DNS:localhost"});
    words = "it is not for 127.0.0.1";
  }
  SECTION("another name") {
    site.tls->identity = authority().issue("localhost", {"DNS:elsewhere", "IP:127.0.0.1"});
    host = "localhost";
    words = "it is not for localhost";
  }
  SECTION("expired") {
    site.tls->identity = authority().issue("server", {"IP:127.0.0.1"}, KeyKind::ecdsa, Lifetime::past);
    words = "certificate has expired by this machine's clock, which says 20";
  }
  SECTION("not yet valid") {
    site.tls->identity = authority().issue("server", {"IP:127.0.0.1"}, KeyKind::ecdsa, Lifetime::future);
    words = "certificate is not yet valid by this machine's clock, which says 20";
  }
  SECTION("the system's authorities do not know it") {
    site.trust.ca_pem.clear();
    words = "unable to get local issuer certificate";
  }
  auto response = site.ask(loop, host);
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Code::unauthenticated);
  CHECK_FALSE(response.error().retryable);
  CHECK_FALSE(response.error().outcome_unknown);
  CHECK(response.error().message.find("the certificate of https://" + host) == 0);
  CHECK(response.error().message.find("was not accepted: " + words) != std::string::npos);
  CHECK_FALSE(response.error().hint.empty());
}

TEST_CASE("TLS: without verification any certificate will do") {
  Loop loop;
  Site site;
  site.tls->identity = Authority("nobody knows").issue("server", {"DNS:elsewhere"});
  site.trust.ca_pem.clear();
  site.trust.verify = false;
  CHECK(site.ask(loop));
}

TEST_CASE("TLS: chains and bundles") {
  Loop loop;
  Site site;
  const auto intermediate = authority().intermediate("intermediate");
  site.tls->identity = intermediate->issue("server", {"IP:127.0.0.1"});
  const std::string alone = site.tls->identity.certificate_pem;
  SECTION("the server sends the intermediate") {
    site.tls->identity.certificate_pem = alone + intermediate->certificate_pem();
  }
  SECTION("the intermediate itself is trusted") { site.trust.ca_pem = intermediate->certificate_pem(); }
  SECTION("a bundle with text between") {
    site.trust.ca_pem = "# a comment\n" + Authority("other").certificate_pem() + "\nmore text\n" +
                        intermediate->certificate_pem() + authority().certificate_pem();
  }
  CHECK(site.ask(loop));
}

TEST_CASE("TLS: client certificates of every kind of key are sent with their chain") {
  Loop loop;
  Site site;
  site.tls->client_ca_pem = authority().certificate_pem();
  site.tls->tls12 = GENERATE(false, true);
  const auto kind = GENERATE(KeyKind::ecdsa, KeyKind::rsa, KeyKind::ed25519);
  const auto intermediate = authority().intermediate("clients");
  const Identity identity = intermediate->issue("kubernetes-admin", {}, kind);
  site.trust.certificate_pem = identity.certificate_pem + intermediate->certificate_pem();
  site.trust.key_pem = identity.key_pem;
  auto response = site.ask(loop);
  REQUIRE(response);
  CHECK(site.tls->client_subject == "kubernetes-admin");
}

TEST_CASE("TLS: a client certificate that is missing or not accepted is a matter of credentials") {
  Loop loop;
  Site site;
  site.tls->client_ca_pem = authority().certificate_pem();
  SECTION("missing: TLS 1.3 tells when the first answer is read") {}
  SECTION("of an unknown authority") {
    const Identity identity = Authority("unknown").issue("somebody", {});
    site.trust.certificate_pem = identity.certificate_pem;
    site.trust.key_pem = identity.key_pem;
  }
  std::string words;
  SECTION("expired by the server's clock") {
    const Identity identity = authority().issue("somebody", {}, KeyKind::ecdsa, Lifetime::past);
    words = "this machine's clock says 20";
    site.trust.certificate_pem = identity.certificate_pem;
    site.trust.key_pem = identity.key_pem;
  }
  if (!site.server) site.start(loop);
  Client client(loop.executor(), site.endpoint(), PoolOptions());
  auto response = loop.run(client.send(Request("POST", "/", "body"), soon()));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Code::unauthenticated);
  CHECK_FALSE(response.error().retryable);
  CHECK_FALSE(response.error().outcome_unknown);
  CHECK(response.error().message.find("refused the client certificate") != std::string::npos);
  CHECK(response.error().message.find(words) != std::string::npos);
  CHECK_FALSE(response.error().hint.empty());
}

TEST_CASE("TLS: material that cannot be used is refused before connecting, and never shown") {
  Loop loop;
  Site site;
  const Identity one = authority().issue("one", {});
  const Identity two = authority().issue("two", {});
  std::string words;
  SECTION("no certificate in the authority") {
    site.trust.ca_pem = "nothing of use";
    words = "the certificate authority cannot be used: it holds no certificate";
  }
  SECTION("a broken certificate in the authority") {
    site.trust.ca_pem = authority().certificate_pem();
    site.trust.ca_pem.replace(100, 8, "########");
    words = "the certificate authority cannot be used: ";
  }
  SECTION("no client certificate") {
    site.trust.certificate_pem = "nothing of use";
    site.trust.key_pem = one.key_pem;
    words = "the client certificate cannot be used: ";
  }
  SECTION("no key") {
    site.trust.certificate_pem = one.certificate_pem;
    words = "the client certificate cannot be used: its key is missing";
  }
  SECTION("another key") {
    site.trust.certificate_pem = one.certificate_pem;
    site.trust.key_pem = two.key_pem;
    words = "the client key cannot be used: ";
  }
  SECTION("an encrypted key, without asking for the passphrase on a terminal") {
    site.trust.certificate_pem = one.certificate_pem;
    site.trust.key_pem = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                         "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhvbm90YXNlYwICCAAw\n"
                         "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEAAAAAAAAAAAAAAAAAAAAAAEgZAA\n"
                         "-----END ENCRYPTED PRIVATE KEY-----\n";
    words = "the client key cannot be used: ";
  }
  auto response = site.ask(loop);
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Code::unauthenticated);
  CHECK(response.error().message.find(words) == 0);
  CHECK(response.error().message.find("BEGIN") == std::string::npos);
  CHECK(site.server->accepted() == 0);
}

TEST_CASE("TLS: a server that does not speak it is named") {
  Loop loop;
  RawServer server(loop.io, [](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->exactly(10);
    co_await peer->write("HTTP/1.0 400 Bad Request\r\n\r\n");
    co_await peer->to_end();
  });
  Client client(loop.executor(), http::Endpoint::tls_tcp("127.0.0.1", server.port(), http::TlsOptions()),
                PoolOptions());
  auto response = loop.run(client.send(Request("GET", "/"), soon()));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Code::unavailable);
  CHECK(response.error().message.find("the TLS handshake with https://127.0.0.1:") == 0);
  CHECK(response.error().hint == "check that the server speaks TLS there");
}

TEST_CASE("TLS: a server that hangs up in the handshake may come back, one that is silent is not waited for") {
  Loop loop;
  const bool silent = GENERATE(false, true);
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->exactly(10);
    if (silent) co_await peer->to_end();
    peer->close();
  });
  PoolOptions options;
  options.connect_timeout = silent ? 1s : 30s;
  Client client(loop.executor(), http::Endpoint::tls_tcp("127.0.0.1", server.port(), http::TlsOptions()), options);
  auto response = loop.run(client.send(Request("POST", "/"), soon()));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Code::unavailable);
  CHECK(response.error().retryable);
  CHECK_FALSE(response.error().outcome_unknown);
}

TEST_CASE("TLS: connections are kept, and later ones resume the session") {
  Loop loop;
  Site site;
  site.tls->client_ca_pem = authority().certificate_pem();
  site.tls->tls12 = GENERATE(false, true);
  const Identity identity = authority().issue("admin", {});
  site.trust.certificate_pem = identity.certificate_pem;
  site.trust.key_pem = identity.key_pem;
  site.start(loop);
  PoolOptions options;
  Client client(loop.executor(), site.endpoint(), options);
  for (int i = 0; i < 3; ++i)
    REQUIRE(loop.run(client.send(Request("GET", "/"), soon())));
  CHECK(site.tls->handshakes == 1);
  for (int i = 0; i < 3; ++i) {
    auto stream = loop.run(client.open(Request("GET", "/"), soon()));
    REQUIRE(stream);
    CHECK(loop.run((*stream)->read_some(soon())).value() == "hello");
  }
  CHECK(site.tls->handshakes == 4);
  CHECK(site.tls->resumed >= (site.tls->tls12 ? 1 : 3));
  CHECK(site.tls->client_subject == "admin");
}

TEST_CASE("TLS: large bodies both ways, split as the socket likes") {
  Loop loop;
  std::string body;
  for (int i = 0; body.size() < 2'000'000; ++i)
    body += std::to_string(i) + ".";
  Site site([&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    const std::string taken = co_await peer->exactly(body.size());
    co_await peer->write(answer(taken));
    co_await hello(peer, 1);
  });
  site.start(loop);
  Client client(loop.executor(), site.endpoint(), PoolOptions());
  auto response = loop.run(client.send(Request("POST", "/", body), soon()));
  REQUIRE(response);
  CHECK((response->body == body));
  REQUIRE(loop.run(client.send(Request("GET", "/"), soon())));
  CHECK(site.server->accepted() == 1);
}

TEST_CASE("TLS: the end of an answer without length has to be said, not just happen") {
  Loop loop;
  const bool goodbye = GENERATE(true, false);
  Site site([&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->write("HTTP/1.1 200 OK\r\n\r\nis this all?");
    if (goodbye) co_await peer->end_output();
    peer->close();
  });
  auto response = site.ask(loop);
  if (goodbye) {
    REQUIRE(response);
    CHECK(response->body == "is this all?");
  } else {
    REQUIRE_FALSE(response);
    CHECK(response.error().code == Code::unavailable);
  }
}

TEST_CASE("TLS: an early refusal of a body is heard") {
  Loop loop;
  Site site([&](std::shared_ptr<Peer> peer, int number) -> asio::awaitable<void> {
    co_await peer->head();
    if (number > 1) {
      co_await hello(peer, number);
      co_return;
    }
    co_await peer->exactly(1000);
    co_await peer->write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    co_await sleep_for(1h);
  });
  site.start(loop);
  Client client(loop.executor(), site.endpoint(), PoolOptions());
  auto response = loop.run(client.send(Request("PUT", "/", std::string(20'000'000, 'x')), soon()));
  REQUIRE(response);
  CHECK(response->status == 403);
  CHECK(response->body == "no");
}

TEST_CASE("TLS: a stream can be read on after a deadline, and is closed when dropped") {
  Loop loop;
  bool more = false, gone = false;
  Site site([&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (!more)
      co_await sleep_for(1ms);
    co_await peer->write("5\r\nline\n\r\n");
    co_await peer->to_end();
    gone = true;
  });
  site.start(loop);
  Client client(loop.executor(), site.endpoint(), PoolOptions());
  auto stream = loop.run(client.open(Request("GET", "/"), soon()));
  REQUIRE(stream);
  auto line = loop.run((*stream)->read_line(Deadline::after(10ms)));
  REQUIRE_FALSE(line);
  CHECK(line.error().code == Code::deadline_exceeded);
  more = true;
  line = loop.run((*stream)->read_line(soon()));
  REQUIRE(line);
  CHECK(line->value() == "line");
  stream->reset();
  loop.run_until(gone);
}

TEST_CASE("TLS: ending the input of an upgraded connection loses nothing of its output") {
  Loop loop;
  std::string input;
  Site site([&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->write("HTTP/1.1 101 UPGRADED\r\n\r\nearly ");
    co_await peer->write("while open ");
    input = co_await peer->to_end();
    co_await peer->write("after the end");
    co_await peer->end_output();
    peer->close();
  });
  site.start(loop);
  Client client(loop.executor(), site.endpoint(), PoolOptions());
  auto duplex = loop.run(client.upgrade(Request("POST", "/"), "tcp", soon()));
  REQUIRE(duplex);
  REQUIRE(loop.run((*duplex)->write("typed", soon())));
  REQUIRE(loop.run((*duplex)->shutdown_write()));
  std::string output;
  for (;;) {
    auto piece = loop.run((*duplex)->read_some(soon()));
    REQUIRE(piece);
    if (piece->empty()) break;
    output += *piece;
  }
  CHECK(input == "typed");
  CHECK(output == "early while open after the end");
  CHECK_FALSE(loop.run((*duplex)->write("too late", soon())));
}

TEST_CASE("TLS: reading and writing at the same time") {
  Loop loop;
  Site site([&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->write("HTTP/1.1 101 UPGRADED\r\n\r\n");
    std::string buffer(65536, '\0');
    for (;;) {
      const auto count = co_await peer->read_some(buffer.data(), buffer.size());
      if (count == 0) break;
      co_await peer->write(buffer.substr(0, count));
    }
    co_await peer->end_output();
    peer->close();
  });
  site.start(loop);
  Client client(loop.executor(), site.endpoint(), PoolOptions());
  auto duplex = loop.run(client.upgrade(Request("POST", "/"), "tcp", soon()));
  REQUIRE(duplex);
  const std::string text(3'000'000, 't');
  std::size_t received = 0;
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  work.push_back([&]() -> asio::awaitable<Result<void>> {
    auto written = co_await (*duplex)->write(text, soon());
    if (!written) co_return written.error();
    auto ended = co_await (*duplex)->shutdown_write();
    co_return ended;
  });
  work.push_back([&]() -> asio::awaitable<Result<void>> {
    for (;;) {
      auto piece = co_await (*duplex)->read_some(soon());
      if (!piece) co_return piece.error();
      if (piece->empty()) co_return Result<void>();
      received += piece->size();
    }
  });
  CHECK(loop.run(run_all(std::move(work), ForEachOptions())));
  CHECK(received == text.size());
}

TEST_CASE("TLS: 100 requests at once over 4 connections") {
  Loop loop;
  Site site;
  site.start(loop);
  PoolOptions options;
  options.max_connections = 4;
  Client client(loop.executor(), site.endpoint(), options);
  std::vector<std::function<asio::awaitable<Result<void>>()>> work(100, [&]() -> asio::awaitable<Result<void>> {
    Request request("GET", "/");
    auto response = co_await client.send(std::move(request), soon());
    if (!response) co_return response.error();
    CHECK(response->body == "hello");
    co_return Result<void>();
  });
  CHECK(loop.run(run_all(std::move(work), ForEachOptions())));
  CHECK(site.tls->handshakes == 4);
}
