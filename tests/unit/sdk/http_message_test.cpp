// SPDX-License-Identifier: Apache-2.0
// Bodies of every framing, cut at every byte, and the value types of the client.
#include "loop.hpp"
#include "raw_server.hpp"

using namespace ksail;
using namespace ksail::test;
using http::Client;
using http::PoolOptions;
using http::Request;

namespace {

/// A server that sends `pieces` one after the other, each when the client has had the time to read the one before.
Script sends(std::vector<std::string> pieces, bool close) {
  return [pieces, close](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    co_await peer->head();
    for (const auto &piece : pieces) {
      co_await peer->write(piece);
      for (int i = 0; i < 4; ++i)
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    }
    if (close)
      peer->close();
    else
      co_await peer->to_end();
  };
}

Result<http::Response> ask(const Script &script, const std::string &method = "GET",
                           PoolOptions options = PoolOptions()) {
  Loop loop;
  RawServer server(loop.io, script);
  Client client(loop.executor(), server.endpoint(), options);
  return loop.run(client.send(Request(method, "/"), soon()));
}

const std::string length_answer = "HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 11\r\n\r\nhello world";
const std::string chunk_answer = "HTTP/1.1 200 OK\r\nX-One: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "5;extension=1\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nX-Trailer: t\r\n\r\n";
const std::string close_answer = "HTTP/1.1 200 OK\r\nX-One: 1\r\n\r\nhello world";

} // namespace

TEST_CASE("an answer may be cut into two pieces anywhere") {
  for (const auto &whole : {length_answer, chunk_answer, close_answer}) {
    const bool close = whole == close_answer;
    for (std::size_t cut = 1; cut < whole.size(); ++cut) {
      INFO(whole.substr(0, cut));
      auto response = ask(sends({whole.substr(0, cut), whole.substr(cut)}, close));
      REQUIRE(response);
      CHECK(response->body == "hello world");
      CHECK(response->headers.get("x-one") == "1");
    }
  }
}

TEST_CASE("an answer may come byte by byte") {
  for (const auto &whole : {length_answer, chunk_answer, close_answer}) {
    std::vector<std::string> bytes;
    for (const char c : whole)
      bytes.emplace_back(1, c);
    auto response = ask(sends(bytes, whole == close_answer));
    REQUIRE(response);
    CHECK(response->body == "hello world");
  }
}

TEST_CASE("an answer that ends before it is complete is an error, wherever it ends") {
  for (const auto &whole : {length_answer, chunk_answer})
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
      INFO(whole.substr(0, cut));
      auto response = ask(sends({whole.substr(0, cut)}, true));
      REQUIRE_FALSE(response);
      CHECK(response.error().code == Code::unavailable);
      CHECK(response.error().retryable);
    }
}

TEST_CASE("answers without a body end with their head") {
  CHECK(ask(sends({"HTTP/1.1 204 No Content\r\n\r\n"}, false))->status == 204);
  CHECK(ask(sends({"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"}, false))->status == 304);
  CHECK(ask(sends({"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}, false))->status == 200);
  auto head = ask(sends({"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"}, false), "HEAD");
  REQUIRE(head);
  CHECK(head->headers.get("content-length") == "500");
  CHECK(head->body.empty());
}

TEST_CASE("interim answers are passed over") {
  auto response =
      ask(sends({"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", length_answer}, false));
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK(response->body == "hello world");
  CHECK_FALSE(response->headers.has("Link"));
  auto head = ask(sends({"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"}, false), "HEAD");
  REQUIRE(head);
  CHECK(head->status == 200);
}

TEST_CASE("a status of 400 and more is an answer, not an error") {
  auto response = ask(sends({"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope"}, false));
  REQUIRE(response);
  CHECK(response->status == 404);
  CHECK(response->reason == "Not Found");
  CHECK(response->body == "nope");
}

TEST_CASE("what is not HTTP is refused") {
  for (const auto &nonsense :
       {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"}) {
    INFO(nonsense);
    auto response = ask(sends({nonsense}, false));
    REQUIRE_FALSE(response);
    CHECK(response.error().code == Code::internal);
    CHECK_FALSE(response.error().retryable);
  }
}

TEST_CASE("a head without end and a body beyond the limit are refused") {
  auto endless = ask(sends({"HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x')}, false));
  REQUIRE_FALSE(endless);
  CHECK(endless.error().code == Code::internal);
  PoolOptions options;
  options.max_body_bytes = 10;
  for (const auto &whole : {length_answer, chunk_answer, close_answer}) {
    auto large = ask(sends({whole}, true), "GET", options);
    REQUIRE_FALSE(large);
    CHECK(large.error().code == Code::resource_exhausted);
  }
  options.max_body_bytes = 11;
  CHECK(ask(sends({length_answer}, true), "GET", options));
}

TEST_CASE("large bodies arrive whole") {
  std::string body;
  for (int i = 0; body.size() < 3'000'000; ++i)
    body += std::to_string(i) + ",";
  std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0, size = 1; at < body.size(); at += size, size = size * 2 % 70'001) {
    char head[32];
    const auto piece = body.substr(at, size);
    std::snprintf(head, sizeof head, "%zx\r\n", piece.size());
    chunked += head + piece + "\r\n";
  }
  CHECK((ask(sends({answer(body)}, false))->body == body));
  CHECK((ask(sends({chunked + "0\r\n\r\n"}, false))->body == body));
}

TEST_CASE("the request says what a server needs to know, and no more") {
  Loop loop;
  std::string seen;
  RawServer server(loop.io, [&](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    seen = co_await peer->head();
    co_await peer->write(answer(""));
  });
  PoolOptions options;
  options.user_agent = "ksail-test/1";
  Client client(loop.executor(), server.endpoint(), options);
  const std::string host = "Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n";
  SECTION("GET has no length") {
    Request request("GET", "/path?x=1");
    request.headers.add("Accept", "application/json");
    REQUIRE(loop.run(client.send(request, soon())));
    CHECK(seen == "GET /path?x=1 HTTP/1.1\r\n" + host + "User-Agent: ksail-test/1\r\nAccept: application/json\r\n\r\n");
  }
  SECTION("POST without a body has the length 0") {
    REQUIRE(loop.run(client.send(Request("POST", "/"), soon())));
    CHECK(seen == "POST / HTTP/1.1\r\n" + host + "User-Agent: ksail-test/1\r\nContent-Length: 0\r\n\r\n");
  }
  SECTION("the caller may name host and agent, but not the framing") {
    Request request("PUT", "/", "abc");
    request.headers.add("host", "elsewhere");
    request.headers.add("user-agent", "mine");
    request.headers.add("Content-Length", "99");
    request.headers.add("Transfer-Encoding", "gzip");
    REQUIRE(loop.run(client.send(request, soon())));
    CHECK(seen == "PUT / HTTP/1.1\r\nhost: elsewhere\r\nuser-agent: mine\r\nContent-Length: 3\r\n\r\n");
  }
}

TEST_CASE("header fields compare without case and keep their order") {
  http::Headers headers;
  headers.add("Content-Type", "a");
  headers.add("X-Many", "1");
  headers.add("x-many", "2");
  CHECK(headers.get("content-type") == "a");
  CHECK(headers.has("CONTENT-TYPE"));
  CHECK_FALSE(headers.has("Content-Typ"));
  CHECK(headers.get("absent").empty());
  CHECK(headers.get("X-MANY") == "1");
  headers.set("X-MANY", "3");
  REQUIRE(headers.all().size() == 2);
  CHECK(headers.all()[1].second == "3");
}

TEST_CASE("components are percent-encoded") {
  CHECK(http::encode_component("a-Z_0.9~") == "a-Z_0.9~");
  CHECK(http::encode_component("{\"label\":[\"a=b\"]}") == "%7B%22label%22%3A%5B%22a%3Db%22%5D%7D");
  CHECK(http::encode_component("ü /") == "%C3%BC%20%2F");
}

TEST_CASE("endpoints are written as users know them") {
  CHECK(http::Endpoint::unix_socket("/var/run/docker.sock").describe() == "unix:///var/run/docker.sock");
  CHECK(http::Endpoint::tcp("example", 80).describe() == "http://example:80");
  CHECK(http::Endpoint::tls_tcp("10.0.0.1", 6443, http::TlsOptions()).describe() == "https://10.0.0.1:6443");
  CHECK(http::Endpoint::tls_tcp("fd00::1", 6443, http::TlsOptions()).describe() == "https://[fd00::1]:6443");
}
