// SPDX-License-Identifier: Apache-2.0
// Answers that are read as they come, and connections that are taken over.
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

const std::string chunked_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Kind: events\r\n\r\n";

std::string chunk(const std::string &text) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return size + text + "\r\n";
}

std::unique_ptr<http::Stream> open(Loop &loop, Client &client, Request request = Request("GET", "/events")) {
  auto stream = loop.run(client.open(std::move(request), soon()));
  REQUIRE(stream);
  return std::move(*stream);
}

} // namespace

TEST_CASE("a stream gives pieces as they come, on a connection of its own") {
  Loop loop;
  bool more = false;
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int number) -> asio::awaitable<void> {
    const std::string head = co_await peer->head();
    if (number == 2) {
      co_await peer->write(answer("beside"));
      co_return;
    }
    co_await peer->write(chunked_head + chunk("one"));
    while (!more)
      co_await sleep_for(1ms);
    co_await peer->write(chunk("two") + "0\r\n\r\n");
    co_await peer->to_end();
  });
  PoolOptions options;
  options.max_connections = 1;
  Client client(loop.executor(), server.endpoint(), options);
  auto stream = open(loop, client);
  CHECK(stream->head().status == 200);
  CHECK(stream->head().headers.get("X-Kind") == "events");
  auto piece = loop.run(stream->read_some(soon()));
  REQUIRE(piece);
  CHECK(*piece == "one");
  // It does not take one of the pool's connections away.
  REQUIRE(loop.run(client.send(Request("GET", "/"), soon())));
  more = true;
  piece = loop.run(stream->read_some(soon()));
  REQUIRE(piece);
  CHECK(*piece == "two");
  for (int i = 0; i < 2; ++i) {
    piece = loop.run(stream->read_some(soon()));
    REQUIRE(piece);
    CHECK(piece->empty());
  }
}

TEST_CASE("a stream splits into lines, however they were sent") {
  Loop loop;
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->write(chunked_head + chunk("a\nb\r\n\nlo"));
    co_await sleep_for(1ms);
    co_await peer->write(chunk("ng li") + chunk("ne\nlast without end") + "0\r\n\r\n");
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  auto stream = open(loop, client);
  for (const std::string expected : {"a", "b", "", "long line", "last without end"}) {
    auto line = loop.run(stream->read_line(soon()));
    REQUIRE(line);
    REQUIRE(line->has_value());
    CHECK(**line == expected);
  }
  auto end = loop.run(stream->read_line(soon()));
  REQUIRE(end);
  CHECK_FALSE(end->has_value());
}

TEST_CASE("streams with a length and streams that last until the end") {
  Loop loop;
  const bool length = GENERATE(true, false);
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->write(length ? answer("all of it") : "HTTP/1.1 200 OK\r\n\r\nall of it");
    if (!length) peer->close();
    co_await peer->to_end();
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  auto stream = open(loop, client);
  auto piece = loop.run(stream->read_some(soon()));
  REQUIRE(piece);
  CHECK(*piece == "all of it");
  piece = loop.run(stream->read_some(soon()));
  REQUIRE(piece);
  CHECK(piece->empty());
}

TEST_CASE("a stream that breaks off is an error, and says which") {
  Loop loop;
  const std::string how = GENERATE("chunked", "length", "reset");
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->write(how == "length" ? "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nstart\n"
                                         : chunked_head + chunk("start\n"));
    co_await sleep_for(1ms);
    if (how == "reset") peer->reset();
    peer->close();
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  auto stream = open(loop, client);
  auto line = loop.run(stream->read_line(soon()));
  REQUIRE(line);
  CHECK(**line == "start");
  line = loop.run(stream->read_line(soon()));
  REQUIRE_FALSE(line);
  CHECK(line.error().code == Code::unavailable);
  CHECK(line.error().retryable);
  CHECK(line.error().message.rfind("GET /events: ", 0) == 0);
}

TEST_CASE("reading a stream can go on after a deadline has passed") {
  Loop loop;
  bool more = false;
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->write(chunked_head + "4\r\nha");
    while (!more)
      co_await sleep_for(1ms);
    co_await peer->write("lf\r\n0\r\n\r\n");
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  auto stream = open(loop, client);
  auto line = loop.run(stream->read_line(Deadline::after(10ms)));
  REQUIRE_FALSE(line);
  CHECK(line.error().code == Code::deadline_exceeded);
  more = true;
  line = loop.run(stream->read_line(soon()));
  REQUIRE(line);
  CHECK(line->value() == "half");
}

TEST_CASE("opening a stream covers the head with its deadline, and a refusal can be read") {
  Loop loop;
  const bool silent = GENERATE(true, false);
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    if (!silent) co_await peer->write("HTTP/1.1 410 Gone\r\nContent-Length: 7\r\n\r\ntoo old");
    co_await peer->to_end();
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  if (silent) {
    auto stream = loop.run(client.open(Request("GET", "/events"), Deadline::after(10ms)));
    REQUIRE_FALSE(stream);
    CHECK(stream.error().code == Code::deadline_exceeded);
  } else {
    auto stream = open(loop, client);
    CHECK(stream->head().status == 410);
    auto body = loop.run(stream->read_some(soon()));
    REQUIRE(body);
    CHECK(*body == "too old");
  }
}

TEST_CASE("dropping or closing a stream closes its connection") {
  Loop loop;
  bool gone = false;
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->write(chunked_head + chunk("x"));
    co_await peer->to_end();
    gone = true;
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  auto stream = open(loop, client);
  SECTION("dropped") { stream.reset(); }
  SECTION("closed") { stream->close(); }
  SECTION("closed while it is read") {
    Running<std::string> first(loop, stream->read_some(soon()));
    loop.run_until(first.ended);
    Running<std::string> second(loop, stream->read_some(soon()));
    loop.settle();
    REQUIRE_FALSE(second.ended);
    stream->close();
    loop.run_until(second.ended);
    REQUIRE_FALSE(*second.result);
    CHECK(second.result->error().code == Code::cancelled);
  }
  loop.run_until(gone);
}

TEST_CASE("cancelling who reads a stream ends the reading") {
  Loop loop;
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->write(chunked_head);
    co_await peer->to_end();
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  auto stream = open(loop, client);
  const auto deadline = GENERATE(Deadline(), Deadline::after(1h));
  Running<std::optional<std::string>> line(loop, stream->read_line(deadline));
  loop.settle();
  line.cancel();
  loop.run_until(line.ended);
  REQUIRE_FALSE(*line.result);
  CHECK(line.result->error().code == Code::cancelled);
}

TEST_CASE("a stream outlives its client") {
  Loop loop;
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->write(chunked_head);
    co_await peer->write(chunk("still here") + "0\r\n\r\n");
  });
  auto client = std::make_unique<Client>(loop.executor(), server.endpoint(), PoolOptions());
  auto stream = open(loop, *client);
  client.reset();
  auto piece = loop.run(stream->read_some(soon()));
  REQUIRE(piece);
  CHECK(*piece == "still here");
}

TEST_CASE("a stream can be read while its request's body is still on its way") {
  Loop loop;
  std::string seen;
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->until("first\r\n");
    co_await peer->write(chunked_head + chunk("progress\n"));
    seen = co_await peer->until("0\r\n\r\n");
    co_await peer->write(chunk("done\n") + "0\r\n\r\n");
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  auto gate = std::make_shared<bool>(false);
  auto count = std::make_shared<int>(0);
  Request request("POST", "/images/load");
  request.source = [gate, count]() -> asio::awaitable<Result<std::string>> {
    if ((*count)++ == 0) co_return std::string("first");
    while (!*gate) {
      const bool slept = co_await sleep_for(1ms);
      if (!slept) co_return Error(Code::cancelled, "cancelled");
    }
    co_return std::string(*count == 2 ? "second" : "");
  };
  auto stream = open(loop, client, request);
  CHECK(loop.run(stream->read_line(soon()))->value() == "progress");
  SECTION("to its end") {
    *gate = true;
    CHECK(loop.run(stream->read_line(soon()))->value() == "done");
    CHECK(seen == "6\r\nsecond\r\n0\r\n\r\n");
  }
  SECTION("dropped in the middle") {
    stream.reset();
    loop.settle();
  }
}

TEST_CASE("an upgraded connection carries bytes both ways, and its input can end alone") {
  Loop loop;
  const std::string head = GENERATE("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
                                    "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n");
  std::string asked, input;
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    asked = co_await peer->head();
    asked += co_await peer->exactly(2);
    // The first output comes in one piece with the head.
    co_await peer->write(head + "early ");
    input = co_await peer->to_end();
    co_await peer->write("output of " + input);
    peer->close();
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  auto duplex = loop.run(client.upgrade(Request("POST", "/exec/1/start", "{}"), "tcp", soon()));
  REQUIRE(duplex);
  CHECK(asked.find("Connection: Upgrade\r\nUpgrade: tcp\r\n") != std::string::npos);
  CHECK((*duplex)->head().status == (head.find("101") != std::string::npos ? 101 : 200));
  REQUIRE(loop.run((*duplex)->write("typed ", soon())));
  REQUIRE(loop.run((*duplex)->write("text", soon())));
  REQUIRE(loop.run((*duplex)->shutdown_write()));
  std::string output;
  for (;;) {
    auto piece = loop.run((*duplex)->read_some(soon()));
    REQUIRE(piece);
    if (piece->empty()) break;
    output += *piece;
  }
  CHECK(input == "typed text");
  CHECK(output == "early output of typed text");
}

TEST_CASE("reading and writing an upgraded connection at the same time does not block") {
  Loop loop;
  constexpr std::size_t size = 4'000'000;
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->write("HTTP/1.1 101 UPGRADED\r\n\r\n");
    std::string buffer(65536, '\0');
    for (;;) {
      const auto count = co_await peer->read_some(buffer.data(), buffer.size());
      if (count == 0) break;
      co_await peer->write(buffer.substr(0, count));
    }
    peer->close();
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  auto duplex = loop.run(client.upgrade(Request("POST", "/"), "tcp", soon()));
  REQUIRE(duplex);
  std::size_t received = 0;
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  const std::string text(size, 'e');
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
  CHECK(received == size);
}

TEST_CASE("an upgrade that is refused says why") {
  Loop loop;
  std::string reply;
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    co_await peer->write(reply);
    co_await peer->to_end();
  });
  Client client(loop.executor(), server.endpoint(), PoolOptions());
  Code code = Code::ok;
  std::string words;
  bool retryable = false;
  SECTION("not found") {
    reply = "HTTP/1.1 404 Not Found\r\nContent-Length: 29\r\n\r\n{\"message\":\"no such exec: 1\"}\n";
    code = Code::not_found;
    words = "404: {\"message\":\"no such exec: 1\"}";
  }
  SECTION("conflict") {
    reply = "HTTP/1.1 409 Conflict\r\nContent-Length: 11\r\n\r\nnot running";
    code = Code::failed_precondition;
    words = "409: not running";
  }
  SECTION("unavailable") {
    reply = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
    code = Code::unavailable;
    words = "503 Service Unavailable";
    retryable = true;
  }
  SECTION("an ordinary answer instead of a stream") {
    reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    code = Code::internal;
    words = "200: ok";
  }
  auto duplex = loop.run(client.upgrade(Request("POST", "/exec/1/start", "{}"), "tcp", soon()));
  REQUIRE_FALSE(duplex);
  CHECK(duplex.error().code == code);
  CHECK(duplex.error().retryable == retryable);
  CHECK(duplex.error().message.find("POST /exec/1/start was not upgraded: the server answered " + words) == 0);
}
