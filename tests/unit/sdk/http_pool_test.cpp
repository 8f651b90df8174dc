// SPDX-License-Identifier: Apache-2.0
// Which connection a request goes over, whose turn it is, and what happens when a connection dies.
#include "loop.hpp"
#include "raw_server.hpp"
#include "running.hpp"
#include "temporary_directory.hpp"

#include <sys/un.h>
#include <unistd.h>

using namespace ksail;
using namespace ksail::test;
using namespace std::chrono_literals;
using http::Client;
using http::PoolOptions;
using http::Request;

namespace {

Request post(const std::string &target, const std::string &body) { return Request("POST", target, body); }

/// Answers every request with its own target, for as long as the client asks.
asio::awaitable<void> echo_target(std::shared_ptr<Peer> peer, int) {
  for (;;) {
    const std::string head = co_await peer->head();
    if (head.empty()) co_return;
    const auto begin = head.find(' ') + 1;
    const bool written = co_await peer->write(answer(head.substr(begin, head.find(' ', begin) - begin)));
    if (!written) co_return;
  }
}

} // namespace

TEST_CASE("requests that follow each other use one connection") {
  Loop loop;
  RawServer server(loop.io, echo_target);
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  for (int i = 0; i < 5; ++i) {
    auto response = loop.run(client.send(Request("GET", "/" + std::to_string(i)), soon()));
    REQUIRE(response);
    CHECK(response->status == 200);
    CHECK(response->reason == "OK");
    CHECK(response->body == "/" + std::to_string(i));
  }
  CHECK(server.accepted() == 1);
  CHECK(client.counters().connections_opened == 1);
  CHECK(client.counters().connections_reused == 4);
  CHECK(client.counters().requests == 5);
}

TEST_CASE("a connection that is opened ahead is the first request's") {
  Loop loop;
  RawServer server(loop.io, echo_target);
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  REQUIRE(loop.run(client.connect(soon())));
  REQUIRE(loop.run(client.connect(soon()))); // there is one
  CHECK(client.counters().connections_opened == 1);
  CHECK(client.counters().requests == 0);
  CHECK(client.counters().round_trip.count() == 0); // which only a handshake tells
  auto response = loop.run(client.send(Request("GET", "/x"), soon()));
  REQUIRE(response);
  CHECK(response->body == "/x");
  CHECK(server.accepted() == 1);
  CHECK(client.counters().connections_reused == 0);
}

TEST_CASE("making a client does no I/O") {
  Loop loop;
  RawServer server(loop.io, echo_target);
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  loop.settle();
  CHECK(server.accepted() == 0);
  CHECK(client.counters().connections_opened == 0);
}

TEST_CASE("100 requests at once go over as many connections as allowed, first come first served") {
  Loop loop;
  std::vector<std::string> order;
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    for (;;) {
      const std::string head = co_await peer->head();
      if (head.empty()) co_return;
      order.push_back(head.substr(0, head.find(" HTTP")));
      co_await sleep_for(50us);
      co_await peer->write(answer("x"));
    }
  });
  PoolOptions options;
  const std::size_t connections = GENERATE(4u, 1u);
  options.max_connections = connections;
  Client client(loop.executor(), server.endpoint(), options);
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (int i = 0; i < 100; ++i)
    work.push_back([&, i]() -> asio::awaitable<Result<void>> {
      Request request("GET", "/" + std::to_string(i));
      auto response = co_await client.send(std::move(request), soon());
      if (!response) co_return response.error();
      co_return Result<void>();
    });
  auto result = loop.run(run_all(std::move(work), ForEachOptions()));
  CHECK(result);
  CHECK(server.accepted() == static_cast<int>(connections));
  CHECK(client.counters().connections_opened == connections);
  CHECK(client.counters().connections_reused == 100 - connections);
  REQUIRE(order.size() == 100);
  if (connections == 1) {
    for (int i = 0; i < 100; ++i)
      CHECK(order[static_cast<std::size_t>(i)] == "GET /" + std::to_string(i));
  }
}

TEST_CASE("a kept connection that the server has closed meanwhile is not used") {
  Loop loop;
  RawServer server(loop.io, [](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->write(answer("once"));
    peer->close();
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  for (int i = 0; i < 3; ++i) {
    auto response = loop.run(client.send(post("/x", "body"), soon()));
    REQUIRE(response);
    CHECK(response->body == "once");
    loop.settle();
  }
  CHECK(server.accepted() == 3);
  CHECK(client.counters().requests == 3);
}

TEST_CASE("a kept connection with bytes that nobody asked for is not used") {
  Loop loop;
  RawServer server(loop.io, [](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    // In two pieces, and in one: both make the next answer doubtful.
    co_await peer->write(answer("good"));
    co_await peer->write("HTTP/1.1 500 Not For You\r\n\r\n");
    co_await peer->head();
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  for (int i = 0; i < 2; ++i) {
    auto response = loop.run(client.send(Request("GET", "/"), soon()));
    REQUIRE(response);
    CHECK(response->body == "good");
    loop.settle();
  }
  CHECK(server.accepted() == 2);
}

TEST_CASE("a request on a kept connection that dies before the answer is repeated once where it does no harm") {
  Loop loop;
  std::vector<std::string> seen;
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int number) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->write(answer("first"));
    std::string second = co_await peer->head();
    if (second.empty()) co_return;
    seen.push_back(second.substr(0, second.find(' ')));
    if (number == 1) {
      peer->close();
      co_return;
    }
    co_await peer->write(answer("second"));
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  REQUIRE(loop.run(client.send(Request("GET", "/"), soon())));

  SECTION("GET, HEAD, PUT, DELETE and OPTIONS are") {
    const std::string method = GENERATE("GET", "PUT", "DELETE", "OPTIONS");
    auto response = loop.run(client.send(Request(method, "/"), soon()));
    REQUIRE(response);
    CHECK(response->body == "first");
    CHECK(server.accepted() == 2);
    CHECK(client.counters().requests == 3);
  }
  SECTION("POST and PATCH are not, and their outcome is unknown") {
    const std::string method = GENERATE("POST", "PATCH");
    auto response = loop.run(client.send(Request(method, "/things", "x"), soon()));
    REQUIRE_FALSE(response);
    CHECK(response.error().code == Code::unavailable);
    CHECK(response.error().retryable);
    CHECK(response.error().outcome_unknown);
    CHECK(response.error().message.rfind(method + " /things: ", 0) == 0);
    CHECK(server.accepted() == 1);
  }
}

TEST_CASE("a request on a fresh connection that dies is not repeated") {
  Loop loop;
  RawServer server(loop.io, [](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    peer->reset();
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  auto response = loop.run(client.send(Request("GET", "/"), soon()));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Code::unavailable);
  CHECK(response.error().retryable);
  CHECK_FALSE(response.error().outcome_unknown);
  CHECK(server.accepted() == 1);
}

TEST_CASE("an answer that breaks off is an error and not repeated") {
  Loop loop;
  RawServer server(loop.io, [](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->write(answer("whole"));
    co_await peer->head();
    co_await peer->write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    peer->close();
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  REQUIRE(loop.run(client.send(Request("GET", "/"), soon())));
  auto response = loop.run(client.send(Request("DELETE", "/x"), soon()));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Code::unavailable);
  CHECK(response.error().outcome_unknown);
  CHECK(response.error().message.find("in the middle of the answer") != std::string::npos);
  CHECK(server.accepted() == 1);
}

TEST_CASE("a connection whose server says close is not kept") {
  Loop loop;
  RawServer server(loop.io, [](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->write(answer("bye", "Connection: close\r\n"));
    co_await peer->head();
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  REQUIRE(loop.run(client.send(Request("GET", "/"), soon())));
  REQUIRE(loop.run(client.send(Request("GET", "/"), soon())));
  CHECK(server.accepted() == 2);
}

TEST_CASE("a connection that was idle too long is not used") {
  Loop loop;
  RawServer server(loop.io, echo_target);
  PoolOptions options;
  options.idle_timeout = 0s;
  Client client(loop.executor(), server.endpoint(), options);
  REQUIRE(loop.run(client.send(Request("GET", "/"), soon())));
  REQUIRE(loop.run(client.send(Request("GET", "/"), soon())));
  CHECK(server.accepted() == 2);
}

TEST_CASE("a request that takes too long fails by its deadline, and its connection is given up") {
  Loop loop;
  RawServer server(loop.io, [](std::shared_ptr<Peer> peer, int number) -> asio::awaitable<void> {
    co_await peer->head();
    if (number > 1) co_await peer->write(answer("quick"));
    co_await peer->to_end();
  });
  PoolOptions options;
  options.max_connections = 1;
  Client client(loop.executor(), server.endpoint(), options);
  const std::string method = GENERATE("GET", "POST");
  auto response = loop.run(client.send(Request(method, "/slow"), Deadline::after(20ms)));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Code::deadline_exceeded);
  CHECK(response.error().outcome_unknown == (method == "POST"));
  CHECK(response.error().message.find(method + " /slow at http://127.0.0.1:") == 0);
  auto next = loop.run(client.send(Request("GET", "/"), soon()));
  REQUIRE(next);
  CHECK(next->body == "quick");
  CHECK(server.accepted() == 2);
}

TEST_CASE("cancelling a request closes its connection and frees its turn") {
  Loop loop;
  bool gone = false;
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int number) -> asio::awaitable<void> {
    co_await peer->head();
    if (number > 1) co_await peer->write(answer("quick"));
    co_await peer->to_end();
    gone = true;
  });
  PoolOptions options;
  options.max_connections = 1;
  Client client(loop.executor(), server.endpoint(), options);
  Running<http::Response> first(loop, client.send(post("/", "x"), soon()));
  while (server.accepted() == 0)
    loop.io.run_one();
  loop.settle();
  Running<http::Response> second(loop, client.send(Request("GET", "/"), soon()));
  Running<http::Response> third(loop, client.send(Request("GET", "/"), soon()));
  loop.settle();
  REQUIRE_FALSE(first.ended);
  second.cancel();
  loop.run_until(second.ended);
  REQUIRE_FALSE(*second.result);
  CHECK(second.result->error().code == Code::cancelled);
  CHECK_FALSE(second.result->error().outcome_unknown);
  first.cancel();
  loop.run_until(first.ended);
  REQUIRE_FALSE(*first.result);
  CHECK(first.result->error().code == Code::cancelled);
  CHECK(first.result->error().outcome_unknown);
  loop.run_until(gone);
  loop.run_until(third.ended);
  REQUIRE(*third.result);
  CHECK((*third.result)->body == "quick");
}

TEST_CASE("a request whose deadline passes while it waits for its turn was never sent") {
  Loop loop;
  RawServer server(loop.io, [](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> { co_await peer->to_end(); });
  PoolOptions options;
  options.max_connections = 1;
  Client client(loop.executor(), server.endpoint(), options);
  Running<http::Response> first(loop, client.send(Request("GET", "/"), soon()));
  auto second = loop.run(client.send(post("/", "x"), Deadline::after(5ms)));
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Code::deadline_exceeded);
  CHECK_FALSE(second.error().outcome_unknown);
  CHECK(client.counters().requests == 1);
  first.cancel();
  loop.run_until(first.ended);
}

TEST_CASE("destroying a client ends who waits for a turn, while what is under way ends by itself") {
  Loop loop;
  bool answer_now = false;
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    while (!answer_now)
      co_await sleep_for(1ms);
    co_await peer->write(answer("late"));
    co_await peer->to_end();
  });
  PoolOptions options;
  options.max_connections = 1;
  auto client = std::make_unique<Client>(loop.executor(), server.endpoint(), options);
  Running<http::Response> first(loop, client->send(Request("GET", "/"), soon()));
  Running<http::Response> second(loop, client->send(Request("GET", "/"), soon()));
  while (server.accepted() == 0)
    loop.io.run_one();
  client.reset();
  loop.run_until(second.ended);
  REQUIRE_FALSE(*second.result);
  CHECK(second.result->error().code == Code::cancelled);
  answer_now = true;
  loop.run_until(first.ended);
  REQUIRE(*first.result);
  CHECK((*first.result)->body == "late");
}

TEST_CASE("a client may be moved between a call and its beginning") {
  Loop loop;
  RawServer server(loop.io, echo_target);
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  auto work = client.send(Request("GET", "/moved"), soon());
  Client other(std::move(client));
  auto response = loop.run(std::move(work));
  REQUIRE(response);
  CHECK(response->body == "/moved");
  CHECK(other.counters().requests == 1);
}

TEST_CASE("where nobody listens, connecting fails with the reason and may be repeated") {
  Loop loop;
  std::uint16_t port;
  {
    RawServer server(loop.io, echo_target);
    port = server.port();
  }
  const std::string host = GENERATE("127.0.0.1", "localhost");
  Client client(loop.executor(), http::Endpoint::tcp(host, port), PoolOptions());
  auto response = loop.run(client.send(post("/", "x"), soon()));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Code::unavailable);
  CHECK(response.error().retryable);
  CHECK_FALSE(response.error().outcome_unknown);
  CHECK(response.error().message ==
        "cannot connect to http://" + host + ":" + std::to_string(port) + ": connection refused");
}

TEST_CASE("a name is resolved, and one that does not exist is named") {
  Loop loop;
  RawServer server(loop.io, echo_target);
  Client client(loop.executor(), http::Endpoint::tcp("localhost", server.port()), PoolOptions());
  auto response = loop.run(client.send(Request("GET", "/by-name"), soon()));
  REQUIRE(response);
  CHECK(response->body == "/by-name");

  Client lost(loop.executor(), http::Endpoint::tcp("no-such-host.invalid", 80), PoolOptions());
  auto failed = loop.run(lost.send(Request("GET", "/"), soon()));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Code::unavailable);
  CHECK(failed.error().message.rfind("cannot connect to http://no-such-host.invalid:80: ", 0) == 0);
}

TEST_CASE("unix sockets: requests, and clear errors") {
  Loop loop;
  TemporaryDirectory directory;
  const std::string path = directory.file("engine.sock");
  Client client(loop.executor(), http::Endpoint::unix_socket(path), PoolOptions());

  SECTION("they work, with a host name that any server takes") {
    std::string host;
    RawServer server(loop.io, path, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
      const std::string head = co_await peer->head();
      host = head.substr(head.find("Host: "), 17);
      co_await peer->write(answer("pong"));
    });
    auto response = loop.run(client.send(Request("GET", "/_ping"), soon()));
    REQUIRE(response);
    CHECK(response->body == "pong");
    CHECK(host == "Host: localhost\r\n");
  }
  SECTION("a socket that is not there") {
    auto response = loop.run(client.send(Request("GET", "/_ping"), soon()));
    REQUIRE_FALSE(response);
    CHECK(response.error().code == Code::unavailable);
    CHECK_FALSE(response.error().retryable);
    CHECK(response.error().message == "cannot connect to unix://" + path + ": no such file or directory");
  }
  SECTION("a socket that nobody serves any more") {
    {
      RawServer server(loop.io, path, echo_target);
    }
    auto response = loop.run(client.send(Request("GET", "/_ping"), soon()));
    REQUIRE_FALSE(response);
    CHECK(response.error().code == Code::unavailable);
    CHECK(response.error().retryable);
    CHECK(response.error().message == "cannot connect to unix://" + path + ": connection refused");
  }
  SECTION("a path that is too long for a socket") {
    Client other(loop.executor(), http::Endpoint::unix_socket("/" + std::string(200, 'x')), PoolOptions());
    auto response = loop.run(other.send(Request("GET", "/_ping"), soon()));
    REQUIRE_FALSE(response);
    CHECK(response.error().code == Code::invalid_argument);
  }
}

TEST_CASE("a unix socket whose backlog is full is waited for") {
  // connect(2) says EAGAIN then, which looks like success to a careless client.
  Loop loop;
  TemporaryDirectory directory;
  const std::string path = directory.file("busy.sock");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener, 0) == 0);
  std::vector<int> fillers;
  for (;;) {
    const int filler = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    fillers.push_back(filler);
    if (::connect(filler, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0) break;
  }
  Client client(loop.executor(), http::Endpoint::unix_socket(path), PoolOptions());
  Running<http::Response> request(loop, client.send(post("/", "x"), soon()));
  loop.settle();
  CHECK_FALSE(request.ended);
  std::vector<int> accepted;
  const std::string reply = answer("at last");
  while (!request.ended) {
    loop.io.run_one_for(1ms);
    const int peer = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (peer >= 0) accepted.push_back(peer);
    for (const int each : accepted) {
      char buffer[1024];
      if (::recv(each, buffer, sizeof buffer, 0) > 0) REQUIRE(::send(each, reply.data(), reply.size(), 0) > 0);
    }
  }
  REQUIRE(*request.result);
  CHECK((*request.result)->body == "at last");
  for (const int each : accepted)
    ::close(each);
  for (const int each : fillers)
    ::close(each);
  ::close(listener);
}

TEST_CASE("header fields that would be read as two are refused before anything is sent") {
  Loop loop;
  RawServer server(loop.io, echo_target);
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  Request request("GET", "/");
  SECTION("value") { request.headers.add("X-Name", "a\r\nX-Other: b"); }
  SECTION("name") { request.headers.add("X-Name: a\r\nX-Other", "b"); }
  SECTION("target") { request.target = "/ HTTP/1.1\r\nX: y\r\n\r\n"; }
  SECTION("method") { request.method = "GET /other"; }
  auto response = loop.run(client.send(request, soon()));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Code::invalid_argument);
  CHECK(client.counters().connections_opened == 0);
}
