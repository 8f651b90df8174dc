// SPDX-License-Identifier: Apache-2.0
// Request bodies: large ones, ones that are made while they are sent, and servers that answer before they have it all.
#include "loop.hpp"
#include "raw_server.hpp"
#include "running.hpp"

using namespace ksail;
using namespace ksail::test;
using namespace std::chrono_literals;
using http::Client;
using http::PoolOptions;
using http::Request;

namespace {

http::BodySource pieces(std::vector<std::string> texts) {
  auto next = std::make_shared<std::size_t>(0);
  return [next, texts]() -> asio::awaitable<Result<std::string>> {
    if (*next == texts.size()) co_return std::string();
    co_return texts[(*next)++];
  };
}

/// Gives data for ever; `state->ended` when the client has dropped it.
struct Endless {
  int given = 0;
  bool cancelled = false;
};
http::BodySource endless(std::shared_ptr<Endless> state) {
  return [state]() -> asio::awaitable<Result<std::string>> {
    ++state->given;
    co_return std::string(65536, 'x');
  };
}
/// Gives one piece and then waits for more that never comes.
http::BodySource stuck(std::shared_ptr<Endless> state) {
  return [state]() -> asio::awaitable<Result<std::string>> {
    if (state->given++ == 0) co_return std::string("first");
    const bool slept = co_await sleep_for(1h);
    state->cancelled = !slept;
    co_return Error(Code::cancelled, "cancelled");
  };
}

Request with_source(http::BodySource source) {
  Request request("PUT", "/archive");
  request.source = std::move(source);
  return request;
}

const std::string refusal = "HTTP/1.1 404 Not Found\r\nContent-Length: 17\r\n\r\nno such container";

} // namespace

TEST_CASE("a source is sent in chunks and the connection is kept") {
  Loop loop;
  std::vector<std::string> seen;
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    for (;;) {
      const std::string head = co_await peer->head();
      if (head.empty()) co_return;
      CHECK(head.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
      CHECK(head.find("Content-Length") == std::string::npos);
      seen.push_back(co_await peer->until("0\r\n\r\n"));
      co_await peer->write(answer("taken"));
    }
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  for (int i = 0; i < 2; ++i) {
    auto response = loop.run(client.send(with_source(pieces({"hello", std::string(26, 'w')})), soon()));
    REQUIRE(response);
    CHECK(response->body == "taken");
    CHECK(seen.at(static_cast<std::size_t>(i)) == "5\r\nhello\r\n1a\r\n" + std::string(26, 'w') + "\r\n0\r\n\r\n");
  }
  CHECK(server.accepted() == 1);
}

TEST_CASE("a large body is sent whole") {
  Loop loop;
  const std::string body(5'000'000, 'b');
  std::string seen;
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    seen = co_await peer->exactly(body.size());
    co_await peer->write(answer("taken"));
    co_await peer->head();
    co_await peer->write(answer("again"));
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  auto response = loop.run(client.send(Request("POST", "/", body), soon()));
  REQUIRE(response);
  CHECK((seen == body));
  auto again = loop.run(client.send(Request("GET", "/"), soon()));
  REQUIRE(again);
  CHECK(again->body == "again");
  CHECK(server.accepted() == 1);
}

TEST_CASE("a server that refuses before it has the body is heard, whatever it does with the connection") {
  Loop loop;
  const std::string end = GENERATE("keeps it and reads no more", "closes it", "resets it", "ends its output");
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int number) -> asio::awaitable<void> {
    co_await peer->head();
    if (number > 1) {
      co_await peer->write(answer("next"));
      co_return;
    }
    co_await peer->exactly(1000);
    co_await peer->write(refusal);
    if (end == "closes it") peer->close();
    if (end == "ends its output") co_await peer->end_output();
    if (end == "resets it") {
      // Give the answer the time to be read: a reset may overtake it.
      co_await sleep_for(20ms);
      peer->reset();
    }
    if (end == "keeps it and reads no more") co_await sleep_for(1h);
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  INFO(end);
  Request request = GENERATE(0, 1) ? with_source(endless(std::make_shared<Endless>()))
                                   : Request("PUT", "/archive", std::string(20'000'000, 'x'));
  auto response = loop.run(client.send(request, soon()));
  REQUIRE(response);
  CHECK(response->status == 404);
  CHECK(response->body == "no such container");
  // What was left of the body must not be taken for the next request.
  auto next = loop.run(client.send(Request("GET", "/"), soon()));
  REQUIRE(next);
  CHECK(next->body == "next");
  CHECK(server.accepted() == 2);
}

TEST_CASE("a refusal ends a source that waits for its next piece") {
  Loop loop;
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->until("first\r\n");
    co_await peer->write(refusal);
    co_await peer->to_end();
  });
  auto state = std::make_shared<Endless>();
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  auto response = loop.run(client.send(with_source(stuck(state)), soon()));
  REQUIRE(response);
  CHECK(response->status == 404);
  CHECK(state->cancelled);
}

TEST_CASE("an early success lets the rest of the body through") {
  Loop loop;
  bool whole = false;
  const std::string body(3'000'000, 'b');
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    whole = (co_await peer->exactly(body.size())) == body;
    co_await peer->write("taken");
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  auto response = loop.run(client.send(Request("POST", "/", body), soon()));
  REQUIRE(response);
  CHECK(response->body == "taken");
  CHECK(whole);
}

TEST_CASE("a source that fails is the reason that is reported") {
  Loop loop;
  RawServer server(loop.io, [](std::shared_ptr<Peer> peer, int number) -> asio::awaitable<void> {
    co_await peer->head();
    if (number > 1) co_await peer->write(answer("next"));
    co_await peer->to_end();
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  const bool throws = GENERATE(false, true);
  auto count = std::make_shared<int>(0);
  http::BodySource broken = [count, throws]() -> asio::awaitable<Result<std::string>> {
    if ((*count)++ < 2) co_return std::string("data");
    co_await sleep_for(1ms);
    if (throws) throw std::runtime_error("disk on fire");
    co_return Error(Code::data_loss, "disk on fire");
  };
  auto response = loop.run(client.send(with_source(broken), soon()));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == (throws ? Code::internal : Code::data_loss));
  CHECK(response.error().message.find("disk on fire") != std::string::npos);
  CHECK(response.error().outcome_unknown);
  REQUIRE(loop.run(client.send(Request("GET", "/"), soon())));
  CHECK(server.accepted() == 2);
}

TEST_CASE("a server that dies while it gets the body is an error of the connection") {
  Loop loop;
  RawServer server(loop.io, [](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->exactly(100'000);
    peer->reset();
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  auto response = loop.run(client.send(with_source(endless(std::make_shared<Endless>())), soon()));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Code::unavailable);
  CHECK(response.error().retryable);
  CHECK(response.error().outcome_unknown);
}

TEST_CASE("deadline and cancellation end a body that is being sent, and its source") {
  Loop loop;
  RawServer server(loop.io, [](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> { co_await peer->to_end(); });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  auto state = std::make_shared<Endless>();
  SECTION("deadline") {
    auto response = loop.run(client.send(with_source(stuck(state)), Deadline::after(10ms)));
    REQUIRE_FALSE(response);
    CHECK(response.error().code == Code::deadline_exceeded);
    CHECK(response.error().outcome_unknown);
  }
  SECTION("cancellation") {
    Running<http::Response> request(loop, client.send(with_source(stuck(state)), soon()));
    while (state->given < 2)
      loop.io.run_one();
    request.cancel();
    loop.run_until(request.ended);
    REQUIRE_FALSE(*request.result);
    CHECK(request.result->error().code == Code::cancelled);
    CHECK(request.result->error().outcome_unknown);
  }
  CHECK(state->cancelled);
}

TEST_CASE("a source on a kept connection that has died is not consumed twice") {
  Loop loop;
  RawServer server(loop.io, [](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->write(answer("first"));
    co_await peer->head();
    peer->close();
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  REQUIRE(loop.run(client.send(Request("GET", "/"), soon())));
  auto response = loop.run(client.send(with_source(pieces({"once"})), soon()));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Code::unavailable);
  CHECK(response.error().outcome_unknown);
  CHECK(server.accepted() == 1);
}
