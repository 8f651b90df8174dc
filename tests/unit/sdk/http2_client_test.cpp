// SPDX-License-Identifier: Apache-2.0
// The client against TLS servers that speak HTTP/2: one connection for all, and what becomes of requests when it ends.
#include "http2_peer.hpp"
#include "loop.hpp"
#include "running.hpp"
#include "tls_peer.hpp"

#include <ksail/sdk/http2.hpp>

#include <algorithm>

using namespace ksail;
using namespace ksail::test;
using namespace std::chrono_literals;
using http::Client;
using http::PoolOptions;
using http::Request;
using Server = FakeHttp2Server;

namespace {

PoolOptions with_http2() {
  PoolOptions options;
  options.multiplexing = &http::http2();
  return options;
}

/// What one connection's server is told to do with a request; `number` counts the connections from 1 on.
using Handler = std::function<void(Server &, const Server::Request &, int number)>;

void echo(Server &server, const Server::Request &request, int) {
  server.answer(request.stream, request.fields.at(":path"));
}

struct Site {
  explicit Site(Handler h = echo) : handler(std::move(h)) {
    tls->identity = server_identity();
    tls->protocol = "h2";
    trust.ca_pem = authority().certificate_pem();
  }
  void start(Loop &loop) { start(loop, tls_peers(tls)); }
  void start(Loop &loop, MakePeer make_peer) {
    server.emplace(
        loop.io, [this](std::shared_ptr<Peer> peer, int number) { return serve(std::move(peer), number); },
        std::move(make_peer));
  }
  Client client(Loop &loop, PoolOptions options = with_http2()) {
    if (!server) start(loop);
    return Client(loop.executor(), http::Endpoint::tls_tcp("127.0.0.1", server->port(), trust), options);
  }
  /// Over all connections.
  std::size_t requests() const {
    std::size_t count = 0;
    for (const auto &each : connections)
      count += each->requests.size();
    return count;
  }

  std::shared_ptr<TlsServer> tls = std::make_shared<TlsServer>();
  http::TlsOptions trust;
  Handler handler;
  Server::Settings settings;
  std::vector<std::shared_ptr<Server>> connections;
  std::vector<std::shared_ptr<Peer>> peers;
  int ended = 0; ///< connections
  std::optional<RawServer> server;

private:
  asio::awaitable<void> serve(std::shared_ptr<Peer> peer, int number) {
    auto http2 = std::make_shared<Server>(settings);
    connections.push_back(http2);
    peers.push_back(peer);
    std::function<void(Server &, const Server::Request &)> on_request =
        [this, number](Server &to, const Server::Request &request) { handler(to, request, number); };
    co_await serve_http2(peer, http2, std::move(on_request));
    ++ended;
  }
};

using Answers = std::vector<Result<http::Response>>;

/// `count` requests at once.
Answers at_once(Loop &loop, Client &client, int count, const std::string &method = "GET") {
  Answers answers(static_cast<std::size_t>(count), Error(Code::unknown, ""));
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (int i = 0; i < count; ++i)
    work.push_back([&answers, &client, &method, i]() -> asio::awaitable<Result<void>> {
      Request request(method, "/" + std::to_string(i));
      auto response = co_await client.send(std::move(request), soon());
      answers[static_cast<std::size_t>(i)] = std::move(response);
      co_return Result<void>();
    });
  REQUIRE(loop.run(run_all(std::move(work), ForEachOptions())));
  return answers;
}

} // namespace

TEST_CASE("http2: all requests share one connection, as many at a time as the pool has") {
  Loop loop;
  std::vector<Server::Request> held;
  std::size_t most = 0;
  Site site([&](Server &server, const Server::Request &request, int) {
    held.push_back(request);
    most = std::max(most, held.size());
    // All that may come before an answer have come: eight, and in the end four.
    if (held.size() == 8 || request.stream == 199) {
      for (const auto &each : held)
        server.answer(each.stream, each.fields.at(":path"));
      held.clear();
    }
  });
  PoolOptions options = with_http2();
  options.max_connections = 8;
  auto client = site.client(loop, options);
  const auto answers = at_once(loop, client, 100);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    REQUIRE(answers[i]);
    CHECK(answers[i]->body == "/" + std::to_string(i));
  }
  CHECK(most == 8);
  CHECK(site.server->accepted() == 1);
  CHECK(site.tls->handshakes == 1);
  const auto counters = client.counters();
  CHECK(counters.requests == 100);
  CHECK(counters.shared_requests == 100);
  CHECK(counters.connections_opened == 1);
  CHECK(counters.connections_reused == 92);
}

TEST_CASE("http2: a connection that is opened ahead is there for the first requests, also while it is being opened") {
  Loop loop;
  Site site;
  auto client = site.client(loop);
  SECTION("open") {
    REQUIRE(loop.run(client.connect(soon())));
    CHECK(site.tls->handshakes == 1);
    CHECK(site.requests() == 0);
    CHECK(client.counters().round_trip.count() > 0);
    REQUIRE(loop.run(client.connect(soon()))); // there is one
    for (const auto &answer : at_once(loop, client, 3))
      REQUIRE(answer);
  }
  SECTION("being opened") {
    std::vector<std::function<asio::awaitable<Result<void>>()>> both;
    both.push_back([&]() -> asio::awaitable<Result<void>> { return client.connect(soon()); });
    both.push_back([&]() -> asio::awaitable<Result<void>> {
      Request request("GET", "/x");
      auto response = co_await client.send(std::move(request), soon());
      if (!response) co_return response.error();
      co_return Result<void>();
    });
    REQUIRE(loop.run(run_all(std::move(both), ForEachOptions())));
  }
  CHECK(site.server->accepted() == 1);
  CHECK(client.counters().connections_opened == 1);
}

TEST_CASE("http2: requests that begin together leave in one write") {
  Loop loop;
  std::vector<std::size_t> seen_with_first;
  Site site([&](Server &server, const Server::Request &request, int number) {
    if (seen_with_first.empty()) seen_with_first.push_back(server.requests.size());
    echo(server, request, number);
  });
  PoolOptions options = with_http2();
  options.max_connections = 32;
  auto client = site.client(loop, options);
  at_once(loop, client, 32);
  REQUIRE(seen_with_first.size() == 1);
  CHECK(seen_with_first.front() == 32);
}

TEST_CASE("http2: the server's own limit of streams is kept") {
  Loop loop;
  std::size_t most = 0;
  Site site([&](Server &server, const Server::Request &request, int number) {
    most = std::max(most, server.requests.size() - static_cast<std::size_t>(std::count_if(
                                                       server.requests.begin(), server.requests.end(),
                                                       [](const auto &each) { return each.body == "answered"; })));
    for (auto &each : server.requests)
      if (each.stream == request.stream) each.body = "answered";
    echo(server, request, number);
  });
  site.settings = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 3}};
  auto client = site.client(loop);
  REQUIRE(loop.run(client.send(Request("GET", "/"), soon())));
  for (const auto &answer : at_once(loop, client, 16))
    CHECK(answer);
  CHECK(most <= 3);
  CHECK(site.server->accepted() == 1);
}

TEST_CASE("http2: a server that does not take it gets HTTP/1.1, over the connection that was opened to ask") {
  Loop loop;
  Site site;
  site.tls->protocol = GENERATE("", "http/1.1");
  std::vector<std::string> seen;
  site.server.emplace(
      loop.io,
      [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
        for (;;) {
          const std::string head = co_await peer->head();
          if (head.empty()) co_return;
          seen.push_back(head.substr(0, head.find('\r')));
          co_await peer->exactly(4);
          const bool written = co_await peer->write(answer("old"));
          if (!written) co_return;
        }
      },
      tls_peers(site.tls));
  auto client = site.client(loop);
  const bool ahead = GENERATE(false, true);
  for (int i = 0; ahead && i < 2; ++i)
    REQUIRE(loop.run(client.connect(soon())));
  for (int i = 0; i < 3; ++i) {
    auto response = loop.run(client.send(Request("POST", "/x", "body"), soon()));
    REQUIRE(response);
    CHECK(response->body == "old");
  }
  CHECK(seen == std::vector<std::string>(3, "POST /x HTTP/1.1"));
  CHECK(site.tls->handshakes == 1);
  const auto counters = client.counters();
  CHECK(counters.requests == 3);
  CHECK(counters.shared_requests == 0);
  CHECK(counters.connections_opened == 1);
  CHECK(counters.connections_reused == 2);
}

TEST_CASE("http2: without being asked for it is not offered") {
  Loop loop;
  Site site;
  site.server.emplace(
      loop.io,
      [](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
        co_await peer->head();
        co_await peer->write(answer("old"));
      },
      tls_peers(site.tls));
  auto client = site.client(loop, PoolOptions());
  auto after1 = loop.run(client.send(Request("GET", "/"), soon()));
  REQUIRE(after1);
  CHECK(after1->body == "old");
}

TEST_CASE("http2: streams have connections of their own, with HTTP/1.1") {
  Loop loop;
  Site site;
  site.server.emplace(
      loop.io,
      [](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
        const std::string head = co_await peer->head();
        if (head.starts_with("GET /watch HTTP/1.1\r\n")) co_await peer->write(answer("a line\n"));
        peer->close();
      },
      tls_peers(site.tls));
  auto client = site.client(loop);
  auto stream = loop.run(client.open(Request("GET", "/watch"), soon()));
  REQUIRE(stream);
  auto line = loop.run((*stream)->read_line(soon()));
  REQUIRE(line);
  CHECK(*line == "a line");
}

TEST_CASE("http2: a deadline ends one request, and the connection goes on") {
  Loop loop;
  Site site([](Server &server, const Server::Request &request, int number) {
    if (request.fields.at(":path") != "/never") echo(server, request, number);
  });
  auto client = site.client(loop);
  REQUIRE(loop.run(client.send(Request("GET", "/"), soon())));
  const std::string method = GENERATE("GET", "POST");
  auto late = loop.run(client.send(Request(method, "/never"), Deadline::after(20ms)));
  REQUIRE_FALSE(late);
  CHECK(late.error().code == Code::deadline_exceeded);
  CHECK(late.error().outcome_unknown == (method == "POST"));
  auto after2 = loop.run(client.send(Request("GET", "/next"), soon()));
  REQUIRE(after2);
  CHECK(after2->body == "/next");
  CHECK(site.server->accepted() == 1);
  CHECK(site.connections.front()->resets.at(3) == NGHTTP2_CANCEL);
}

TEST_CASE("http2: a connection that was silent for long while a request waited is not used for the next") {
  Loop loop;
  Site site([](Server &server, const Server::Request &request, int number) {
    if (number > 1) echo(server, request, number);
  });
  auto client = site.client(loop);
  CHECK_FALSE(loop.run(client.send(Request("GET", "/gone"), Deadline::after(1100ms))));
  auto next = loop.run(client.send(Request("GET", "/next"), soon()));
  REQUIRE(next);
  CHECK(next->body == "/next");
  CHECK(site.server->accepted() == 2);
}

TEST_CASE("http2: after GOAWAY what was not looked at is sent again elsewhere, whatever the method") {
  Loop loop;
  Site site([](Server &server, const Server::Request &request, int number) {
    // The first connection takes the first of four and goes.
    if (number == 1 && request.stream == 1) {
      server.go_away(1, NGHTTP2_NO_ERROR);
      echo(server, request, number);
    }
    if (number > 1) echo(server, request, number);
  });
  auto client = site.client(loop);
  for (const auto &answer : at_once(loop, client, 4, "POST"))
    REQUIRE(answer);
  CHECK(site.server->accepted() == 2);
  CHECK(site.connections[1]->requests.size() == 3);
  CHECK(client.counters().connections_opened == 2);
  loop.settle();
  CHECK(site.ended == 1);
}

TEST_CASE("http2: after GOAWAY new requests open a new connection while the old ones end") {
  Loop loop;
  Site site([](Server &server, const Server::Request &request, int number) {
    if (request.fields.at(":path") == "/slow") {
      server.go_away((1u << 31) - 1, NGHTTP2_NO_ERROR);
      server.begin(request.stream, "begun, ");
      return;
    }
    echo(server, request, number);
  });
  auto client = site.client(loop);
  Running<http::Response> slow(loop, client.send(Request("POST", "/slow"), soon()));
  while (site.requests() == 0)
    loop.io.run_one();
  loop.settle();
  auto after3 = loop.run(client.send(Request("GET", "/new"), soon()));
  REQUIRE(after3);
  CHECK(after3->body == "/new");
  CHECK(site.server->accepted() == 2);
  CHECK_FALSE(slow.ended);
  site.connections[0]->more(1, "ended", true);
  loop.run(site.peers[0]->write(site.connections[0]->take_output()));
  loop.run_until(slow.ended);
  REQUIRE(*slow.result);
  CHECK((*slow.result)->body == "begun, ended");
}

TEST_CASE("http2: a refused stream is asked again, but not for ever") {
  Loop loop;
  const int refusals = GENERATE(1, 1000);
  int left = refusals;
  Site site([&](Server &server, const Server::Request &request, int number) {
    if (left-- > 0)
      server.reset(request.stream, NGHTTP2_REFUSED_STREAM);
    else
      echo(server, request, number);
  });
  auto client = site.client(loop);
  auto answer = loop.run(client.send(Request("POST", "/x", "body"), soon()));
  if (refusals == 1) {
    REQUIRE(answer);
    CHECK(site.requests() == 2);
    return;
  }
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::unavailable);
  CHECK(answer.error().retryable);
  CHECK_FALSE(answer.error().outcome_unknown);
  CHECK(site.requests() == 5);
}

TEST_CASE("http2: a connection that is lost before the answer") {
  Loop loop;
  Site *the = nullptr;
  Site site([&](Server &server, const Server::Request &request, int number) {
    if (number == 1 && request.fields.at(":path") == "/lost")
      the->peers[0]->reset();
    else
      echo(server, request, number);
  });
  the = &site;
  auto client = site.client(loop);
  const bool kept = GENERATE(true, false);
  const std::string method = GENERATE("GET", "DELETE", "PATCH", "POST");
  if (kept) REQUIRE(loop.run(client.send(Request("GET", "/"), soon())));
  auto answer = loop.run(client.send(Request(method, "/lost"), soon()));
  // As with HTTP/1.1: what does no harm is repeated once, where the connection had been good before.
  const bool harmless = method == "GET" || method == "DELETE";
  CHECK(answer.has_value() == (kept && harmless));
  if (!answer) {
    CHECK(answer.error().code == Code::unavailable);
    CHECK(answer.error().outcome_unknown == (method != "GET"));
    CHECK(site.server->accepted() == 1);
  }
  auto after4 = loop.run(client.send(Request("GET", "/after"), soon()));
  REQUIRE(after4);
  CHECK(after4->body == "/after");
  CHECK(site.server->accepted() == 2);
}

TEST_CASE("http2: a connection that the server closed while nobody used it costs nothing") {
  Loop loop;
  Site site;
  auto client = site.client(loop);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(loop.run(client.send(Request("POST", "/x"), soon())));
    site.peers.back()->reset();
    loop.settle();
  }
  CHECK(site.server->accepted() == 3);
  CHECK(client.counters().requests == 3);
}

TEST_CASE("http2: a connection that nobody used for long is not used again") {
  Loop loop;
  Site site;
  PoolOptions options = with_http2();
  options.idle_timeout = 0s;
  auto client = site.client(loop, options);
  REQUIRE(loop.run(client.send(Request("GET", "/"), soon())));
  REQUIRE(loop.run(client.send(Request("GET", "/"), soon())));
  CHECK(site.server->accepted() == 2);
}

TEST_CASE("http2: an answer that is too large is refused") {
  Loop loop;
  Site site([](Server &server, const Server::Request &request, int) {
    server.answer(request.stream, std::string(request.fields.at(":path") == "/large" ? 2000 : 10, 'x'));
  });
  PoolOptions options = with_http2();
  options.max_body_bytes = 1000;
  auto client = site.client(loop, options);
  auto answer = loop.run(client.send(Request("GET", "/large"), soon()));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::resource_exhausted);
  CHECK(loop.run(client.send(Request("GET", "/small"), soon())));
  CHECK(site.server->accepted() == 1);
}

TEST_CASE("http2: cancelled while it waits, the connection goes on") {
  Loop loop;
  Site site([](Server &server, const Server::Request &request, int number) {
    if (request.fields.at(":path") != "/never") echo(server, request, number);
  });
  auto client = site.client(loop);
  Running<http::Response> waiting(loop, client.send(Request("POST", "/never"), soon()));
  while (site.requests() == 0)
    loop.io.run_one();
  waiting.cancel();
  loop.run_until(waiting.ended);
  REQUIRE_FALSE(*waiting.result);
  CHECK(waiting.result->error().code == Code::cancelled);
  CHECK(waiting.result->error().outcome_unknown);
  auto after5 = loop.run(client.send(Request("GET", "/next"), soon()));
  REQUIRE(after5);
  CHECK(after5->body == "/next");
  CHECK(site.server->accepted() == 1);
}

TEST_CASE("http2: who gives up while the connection is opened takes nobody else along") {
  Loop loop;
  Site site;
  Event go(loop.executor());
  auto shake = tls_peers(site.tls);
  MakePeer late = [&](Peer::Socket socket) -> asio::awaitable<std::shared_ptr<Peer>> {
    co_await go.wait();
    auto peer = co_await shake(std::move(socket));
    co_return peer;
  };
  site.start(loop, late);
  auto client = site.client(loop);
  Running<http::Response> first(loop, client.send(Request("GET", "/1"), soon()));
  Running<http::Response> second(loop, client.send(Request("GET", "/2"), soon()));
  loop.settle();
  first.cancel();
  loop.run_until(first.ended);
  CHECK_FALSE(*first.result);
  go.set();
  loop.run_until(second.ended);
  REQUIRE(*second.result);
  CHECK((*second.result)->body == "/2");
  CHECK(client.counters().connections_opened == 1);
  CHECK(site.server->accepted() == 1);
}

TEST_CASE("http2: when all give up, so does the opening, and the next one begins anew") {
  Loop loop;
  Site site;
  auto shake = tls_peers(site.tls);
  int accepted = 0;
  MakePeer second_only = [&](Peer::Socket socket) -> asio::awaitable<std::shared_ptr<Peer>> {
    if (++accepted == 1) {
      auto silent = std::make_shared<Peer>(std::move(socket));
      co_await silent->to_end();
      co_return nullptr;
    }
    auto peer = co_await shake(std::move(socket));
    co_return peer;
  };
  site.start(loop, second_only);
  auto client = site.client(loop);
  auto late = loop.run(client.send(Request("POST", "/1"), Deadline::after(20ms)));
  REQUIRE_FALSE(late);
  CHECK(late.error().code == Code::deadline_exceeded);
  CHECK_FALSE(late.error().outcome_unknown);
  auto after6 = loop.run(client.send(Request("GET", "/2"), soon()));
  REQUIRE(after6);
  CHECK(after6->body == "/2");
}

TEST_CASE("http2: a client that goes lets its requests end and closes the connection after them") {
  Loop loop;
  Site site([](Server &server, const Server::Request &request, int) { server.begin(request.stream, "begun, "); });
  std::optional<Client> client(site.client(loop));
  Running<http::Response> waiting(loop, client->send(Request("GET", "/"), soon()));
  while (site.requests() == 0)
    loop.io.run_one();
  client.reset();
  loop.settle();
  CHECK_FALSE(waiting.ended);
  CHECK(site.ended == 0);
  site.connections[0]->more(1, "ended", true);
  loop.run(site.peers[0]->write(site.connections[0]->take_output()));
  loop.run_until(waiting.ended);
  REQUIRE(*waiting.result);
  CHECK((*waiting.result)->body == "begun, ended");
  while (site.ended == 0)
    loop.io.run_one();
}

TEST_CASE("http2: a client certificate that is refused is told to every request") {
  Loop loop;
  Site site;
  site.tls->client_ca_pem = authority().certificate_pem();
  auto client = site.client(loop);
  for (const auto &answer : at_once(loop, client, 5, "POST")) {
    REQUIRE_FALSE(answer);
    INFO(answer.error().message);
    CHECK(answer.error().code == Code::unauthenticated);
    CHECK_FALSE(answer.error().outcome_unknown);
  }
}

TEST_CASE("http2: nobody there is told to every request, and asked again by the next") {
  Loop loop;
  Site site;
  auto client = site.client(loop);
  site.server.reset();
  loop.settle();
  for (const auto &answer : at_once(loop, client, 5, "POST")) {
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Code::unavailable);
    CHECK_FALSE(answer.error().outcome_unknown);
  }
  CHECK(client.counters().connections_opened == 0);
}

TEST_CASE("http2: a server that breaks the protocol fails what runs, and the next request is asked elsewhere") {
  Loop loop;
  Site site;
  site.server.emplace(
      loop.io,
      [&](std::shared_ptr<Peer> peer, int number) -> asio::awaitable<void> {
        if (number > 1) {
          co_await serve_http2(peer, std::make_shared<Server>(),
                               [](Server &server, const Server::Request &request) { echo(server, request, 1); });
          co_return;
        }
        co_await peer->exactly(24);
        co_await peer->write("HTTP/1.1 400 Bad Request\r\n\r\n");
        co_await peer->to_end();
      },
      tls_peers(site.tls));
  auto client = site.client(loop);
  auto broken = loop.run(client.send(Request("POST", "/"), soon()));
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code == Code::internal);
  CHECK(broken.error().outcome_unknown);
  auto after7 = loop.run(client.send(Request("GET", "/2"), soon()));
  REQUIRE(after7);
  CHECK(after7->body == "/2");
}
