// SPDX-License-Identifier: Apache-2.0
// Calls over a connection: a server with a real HTTP/2 implementation behind a socket.
#include "distributions/talos_api/grpc_channel.hpp"

#include "fake_grpc_server.hpp"
#include "loop.hpp"
#include "raw_server.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::test;
using namespace ksail::talos_api;
using namespace std::chrono_literals;

namespace {

/// Calls `on_request` once for each complete request; what that answers goes out.
using OnRequest = std::function<void(FakeGrpcServer &, const FakeGrpcServer::Request &)>;

Script grpc(OnRequest on_request) {
  return [on_request](std::shared_ptr<Peer> peer, int) -> asio::awaitable<void> {
    FakeGrpcServer server;
    std::size_t served = 0;
    std::string buffer(65536, '\0');
    for (;;) {
      const std::string out = server.take_output();
      if (!out.empty()) {
        const bool written = co_await peer->write(out);
        if (!written) co_return;
        continue;
      }
      const auto count = co_await peer->read_some(buffer.data(), buffer.size());
      if (count == 0 || !server.receive(std::string_view(buffer).substr(0, count))) co_return;
      while (served < server.requests.size() && server.requests[served].complete) {
        const auto request = server.requests[served++];
        if (request.fields.at(":path") == "/close") {
          peer->close();
          co_return;
        }
        on_request(server, request);
      }
    }
  };
}

struct Site {
  explicit Site(OnRequest on_request) : server(loop.io, grpc(std::move(on_request))) {
    auto stream = loop.run(open_byte_stream(server.endpoint(), StreamOptions(), soon()));
    REQUIRE(stream);
    channel.emplace(loop.executor(), std::move(*stream), GrpcLimits());
  }
  ~Site() {
    channel.reset();
    loop.settle();
  }
  static GrpcRequest request(const std::string &method, const std::string &message = "") {
    GrpcRequest made;
    made.method = method;
    made.authority = "test";
    made.message = message;
    return made;
  }
  Result<std::string> call(const std::string &method, const std::string &message = "", Deadline deadline = soon()) {
    return loop.run(channel->unary(request(method, message), deadline));
  }
  std::unique_ptr<GrpcStream> open() {
    auto stream = channel->open(request("/a.B/Stream"));
    REQUIRE(stream);
    return std::move(*stream);
  }
  Loop loop;
  RawServer server;
  std::optional<GrpcChannel> channel;
};

void echo(FakeGrpcServer &server, const FakeGrpcServer::Request &request) {
  server.answer(request.stream, request.body);
}

} // namespace

TEST_CASE("unary calls run over one connection") {
  Site site(echo);
  for (int i = 0; i < 3; ++i) {
    auto answer = site.call("/a.B/Echo", "hello " + std::to_string(i));
    REQUIRE(answer);
    CHECK(*answer == "hello " + std::to_string(i));
  }
  const std::string large(5u << 20, 'x');
  CHECK(site.call("/a.B/Echo", large).value() == large);
  CHECK(site.server.accepted() == 1);
  CHECK(site.channel->usable());
}

TEST_CASE("many calls at once each get their own answer") {
  Site site(echo);
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (int i = 0; i < 200; ++i)
    work.push_back([&site, i]() -> asio::awaitable<Result<void>> {
      GrpcRequest request = Site::request("/a.B/Echo", std::to_string(i));
      auto answer = co_await site.channel->unary(std::move(request), soon());
      if (!answer) co_return answer.error();
      if (*answer != std::to_string(i)) co_return Error(Code::internal, "somebody else's answer");
      co_return Result<void>();
    });
  ForEachOptions at_once;
  CHECK(site.loop.run(run_all(std::move(work), at_once)));
}

TEST_CASE("a unary answer with no message, or with two, is a failure") {
  Site site([](FakeGrpcServer &server, const FakeGrpcServer::Request &request) {
    server.answer(request.stream, request.fields.at(":path") == "/none" ? "" : grpc_frame("a") + grpc_frame("b"));
  });
  CHECK(site.call("/none").error().message.find("no message") != std::string::npos);
  CHECK(site.call("/two").error().message.find("more than one") != std::string::npos);
}

TEST_CASE("a call that is not answered ends at its deadline, and the server hears of it") {
  std::uint32_t resets = 0;
  std::string timeout;
  Site site([&](FakeGrpcServer &server, const FakeGrpcServer::Request &request) {
    resets = static_cast<std::uint32_t>(server.resets.size());
    if (request.fields.at(":path") == "/silent")
      timeout = request.fields.at("grpc-timeout");
    else
      server.answer(request.stream, request.body);
  });
  auto answer = site.call("/silent", "", Deadline::after(300ms));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::deadline_exceeded);
  CHECK((timeout.ends_with("m") && std::stoi(timeout) > 0 && std::stoi(timeout) <= 301));
  CHECK(site.call("/a.B/Echo", "still there").value() == "still there");
  CHECK(resets == 1);
}

TEST_CASE("a stream gives its messages as they come and ends regularly") {
  Site site([](FakeGrpcServer &server, const FakeGrpcServer::Request &request) {
    server.begin(request.stream, grpc_frame("one") + grpc_frame("two"));
    server.more(request.stream, grpc_frame("three"), true);
  });
  auto stream = site.open();
  for (const char *expected : {"one", "two", "three"}) {
    auto message = site.loop.run(stream->next(soon()));
    REQUIRE(message);
    REQUIRE(message->has_value());
    CHECK(**message == expected);
  }
  for (int i = 0; i < 2; ++i) {
    auto end = site.loop.run(stream->next(soon()));
    REQUIRE(end);
    CHECK_FALSE(end->has_value());
  }
}

TEST_CASE("a connection that breaks ends every call with a reason") {
  Site site([](FakeGrpcServer &, const FakeGrpcServer::Request &) {});
  auto stream = site.open();
  auto broken = site.call("/close");
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code == Code::unavailable);
  CHECK(broken.error().outcome_unknown);
  auto message = site.loop.run(stream->next(soon()));
  REQUIRE_FALSE(message);
  CHECK(message.error().code == Code::unavailable);
  CHECK_FALSE(site.channel->usable());
  CHECK(site.call("/again").error().retryable);
}

TEST_CASE("a stream may outlive its channel") {
  Site site([](FakeGrpcServer &, const FakeGrpcServer::Request &) {});
  auto stream = site.open();
  site.channel.reset();
  auto message = site.loop.run(stream->next(soon()));
  REQUIRE_FALSE(message);
  stream.reset();
}
