// SPDX-License-Identifier: Apache-2.0
// HTTP/2 between a session and a server with nothing but memory between them.
#include "fake_http2_server.hpp"

#include "http2/session.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace ksail;
using http2::Ended;
using http2::Limits;
using http2::Session;
using test::FakeHttp2Server;
using Fields = FakeHttp2Server::Fields;

namespace {

struct Pair {
  explicit Pair(const FakeHttp2Server::Settings &settings = {}, Limits limits = {})
      : session(limits), server(settings) {}
  Session session;
  FakeHttp2Server server;
  bool connected = true;

  void exchange() { connected = test::exchange(session, server, connected); }
  std::int32_t start(http::Request request = http::Request("GET", "/things")) {
    auto started = session.start(std::make_shared<const http::Request>(std::move(request)),
                                 http::Endpoint::tls_tcp("10.0.0.1", 6443, {}), "ksail/test");
    REQUIRE(started);
    return *started;
  }
  std::int32_t sent(http::Request request = http::Request("GET", "/things")) {
    const auto stream = start(std::move(request));
    exchange();
    return stream;
  }
  Ended outcome(std::int32_t stream) {
    while (auto ended = session.next_ended())
      if (ended->stream == stream) return std::move(*ended);
    FAIL("request " << stream << " did not end");
    return {};
  }
  Ended failure(std::int32_t stream) {
    auto ended = outcome(stream);
    REQUIRE_FALSE(ended.answer);
    return ended;
  }
  const FakeHttp2Server::Request &seen(std::int32_t stream) {
    for (const auto &each : server.requests)
      if (each.stream == stream) return each;
    FAIL("the server has not seen request " << stream);
    return server.requests.front();
  }
  bool next_succeeds() {
    const auto stream = sent();
    server.answer(stream, "fine");
    exchange();
    auto ended = outcome(stream);
    return ended.answer && ended.answer->body == "fine";
  }
};

http::Request post(std::string body) { return http::Request("POST", "/things", std::move(body)); }

bool says(const Ended &ended, const std::string &words) {
  return ended.answer.error().message.find(words) != std::string::npos;
}

} // namespace

TEST_CASE("http2: a request is written as RFC 9113 wants it") {
  Pair pair;
  http::Request request = post("{}");
  request.target = "/api/v1?a=b";
  request.headers.set("Content-Type", "application/json");
  request.headers.set("Connection", "keep-alive");
  request.headers.set("Transfer-Encoding", "chunked");
  request.headers.set("Content-Length", "99");
  request.headers.add("Impersonate-Group", "a");
  request.headers.add("Impersonate-Group", "b");
  const auto stream = pair.sent(std::move(request));
  const auto &got = pair.seen(stream);
  CHECK(got.fields.at(":method") == "POST");
  CHECK(got.fields.at(":scheme") == "https");
  CHECK(got.fields.at(":authority") == "10.0.0.1:6443");
  CHECK(got.fields.at(":path") == "/api/v1?a=b");
  CHECK(got.fields.at("content-type") == "application/json");
  CHECK(got.fields.at("content-length") == "2");
  CHECK(got.fields.at("user-agent") == "ksail/test");
  CHECK(got.fields.at("impersonate-group") == "b"); // the last of both
  CHECK_FALSE(got.fields.contains("connection"));
  CHECK_FALSE(got.fields.contains("transfer-encoding"));
  CHECK_FALSE(got.fields.contains("host"));
  CHECK(got.body == "{}");
  CHECK(got.complete);
  CHECK(pair.server.settings_acknowledged == 1);
}

TEST_CASE("http2: what cannot be written down is not sent") {
  Session session(Limits{});
  http::Request request("GET", "/a b");
  if (GENERATE(true, false)) {
    request.target = "/";
    request.headers.set("X", "a\r\nb: c");
  }
  auto started = session.start(std::make_shared<const http::Request>(std::move(request)),
                               http::Endpoint::tls_tcp("h", 1, {}), "x");
  REQUIRE_FALSE(started);
  CHECK(started.error().code == Code::invalid_argument);
  CHECK(session.open_requests() == 0);
}

TEST_CASE("http2: many requests at once, answered in any order") {
  Pair pair;
  std::vector<std::int32_t> streams;
  for (int i = 0; i < 20; ++i)
    streams.push_back(pair.start(http::Request("GET", "/" + std::to_string(i))));
  CHECK(pair.session.open_requests() == 20);
  CHECK_FALSE(pair.session.has_answered());
  pair.exchange();
  REQUIRE(pair.server.requests.size() == 20);
  for (auto at = streams.rbegin(); at != streams.rend(); ++at)
    pair.server.answer(*at, pair.seen(*at).fields.at(":path"), {}, {{":status", "404"}, {"warning", "w"}});
  pair.exchange();
  for (int i = 0; i < 20; ++i) {
    auto ended = pair.session.next_ended();
    REQUIRE(ended);
    REQUIRE(ended->answer);
    CHECK(ended->sent);
    CHECK(ended->begun);
    CHECK(ended->answer->status == 404);
    CHECK(ended->answer->headers.get("Warning") == "w");
    CHECK(ended->answer->reason.empty());
    CHECK(ended->answer->body == pair.seen(ended->stream).fields.at(":path"));
  }
  CHECK_FALSE(pair.session.next_ended());
  CHECK(pair.session.open_requests() == 0);
  CHECK(pair.session.has_answered());
}

TEST_CASE("http2: the server says how many streams it takes, and more wait") {
  Pair pair({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2}});
  pair.exchange();
  std::vector<std::int32_t> streams;
  for (int i = 0; i < 5; ++i)
    streams.push_back(pair.sent());
  CHECK(pair.server.requests.size() == 2);
  pair.server.answer(streams[0], "");
  pair.exchange();
  CHECK(pair.server.requests.size() == 3);
  for (std::size_t i = 1; i < 5; ++i) {
    pair.server.answer(streams[i], "");
    pair.exchange();
  }
  CHECK(pair.server.requests.size() == 5);
  CHECK(pair.session.open_requests() == 0);
}

TEST_CASE("http2: a request that waits for its place can be cancelled, and is never sent") {
  Pair pair({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}});
  pair.exchange();
  const auto first = pair.sent();
  const auto second = pair.sent();
  const auto third = pair.sent();
  CHECK_FALSE(pair.session.cancel(second));
  pair.server.answer(first, "");
  pair.exchange();
  REQUIRE(pair.server.requests.size() == 2);
  pair.server.answer(third, "third");
  pair.exchange();
  CHECK(pair.outcome(third).answer->body == "third");
}

TEST_CASE("http2: PING is answered") {
  Pair pair;
  pair.exchange();
  pair.server.ping();
  pair.exchange();
  CHECK(pair.server.pings_answered == 1);
}

TEST_CASE("http2: a cancelled request is reset, and the others go on") {
  Pair pair;
  const auto given_up = pair.sent();
  const auto other = pair.sent();
  CHECK(pair.session.cancel(given_up));
  pair.exchange();
  CHECK(pair.server.resets.at(given_up) == NGHTTP2_CANCEL);
  pair.server.answer(other, "other");
  pair.exchange();
  CHECK(pair.outcome(other).answer->body == "other");
  CHECK_FALSE(pair.session.next_ended());
  CHECK_FALSE(pair.session.cancel(given_up));
  CHECK(pair.next_succeeds());
}

TEST_CASE("http2: GOAWAY without an error: what runs is finished, nothing new is begun") {
  Pair pair;
  const auto first = pair.sent(post("one"));
  const auto second = pair.sent(post("two"));
  pair.server.go_away(first, NGHTTP2_NO_ERROR);
  pair.exchange();
  CHECK_FALSE(pair.session.takes_requests());
  const auto refused = pair.failure(second);
  CHECK(refused.refused);
  CHECK(refused.sent);
  CHECK(refused.answer.error().code == Code::unavailable);
  CHECK(refused.answer.error().retryable);
  auto late =
      pair.session.start(std::make_shared<const http::Request>(post("")), http::Endpoint::tls_tcp("h", 1, {}), "");
  REQUIRE_FALSE(late);
  CHECK(late.error().retryable);
  CHECK_FALSE(pair.session.broken());
  pair.server.answer(first, "done");
  pair.exchange();
  CHECK(pair.outcome(first).answer->body == "done");
  CHECK(pair.session.broken());
}

TEST_CASE("http2: GOAWAY in two steps, as servers say it that shut down in good order") {
  Pair pair({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}});
  pair.exchange();
  const auto first = pair.sent(post("one"));
  const auto waiting = pair.sent(post("two"));
  pair.server.go_away((1u << 31) - 1, NGHTTP2_NO_ERROR);
  pair.exchange();
  const auto refused = pair.failure(waiting);
  CHECK(refused.refused);
  CHECK_FALSE(refused.sent);
  pair.server.answer(first, "done");
  pair.exchange();
  CHECK(pair.outcome(first).answer->body == "done");
}

TEST_CASE("http2: GOAWAY with an error tells why") {
  Pair pair;
  const auto stream = pair.sent(post("one"));
  pair.server.go_away(stream, NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings");
  pair.exchange();
  pair.session.disconnected(std::nullopt);
  const auto ended = pair.failure(stream);
  CHECK(says(ended, "ENHANCE_YOUR_CALM, too_many_pings"));
  CHECK(ended.answer.error().code == Code::unavailable);
  CHECK(ended.sent);
  CHECK_FALSE(ended.refused);
}

TEST_CASE("http2: a refused stream was not looked at, one that is reset otherwise may have been") {
  Pair pair;
  const std::uint32_t code =
      GENERATE(as<std::uint32_t>{}, NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR, NGHTTP2_INTERNAL_ERROR,
               NGHTTP2_REFUSED_STREAM, NGHTTP2_CANCEL, NGHTTP2_HTTP_1_1_REQUIRED, 0x99u);
  const auto stream = pair.sent(post("one"));
  pair.server.reset(stream, code);
  pair.exchange();
  const auto ended = pair.failure(stream);
  CHECK(ended.refused == (code == NGHTTP2_REFUSED_STREAM));
  CHECK(ended.sent);
  CHECK_FALSE(ended.begun);
  CHECK(ended.answer.error().code == Code::unavailable);
  CHECK(ended.answer.error().retryable);
  CHECK(says(ended, code == NGHTTP2_REFUSED_STREAM ? "refused the request" : "before the answer came"));
  CHECK(pair.next_succeeds());
}

TEST_CASE("http2: an answer that is reset in the middle is no answer, whatever the code") {
  Pair pair;
  const auto stream = pair.sent();
  pair.server.begin(stream, "half");
  pair.exchange();
  pair.server.reset(stream, GENERATE(NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM, NGHTTP2_INTERNAL_ERROR));
  pair.exchange();
  const auto ended = pair.failure(stream);
  CHECK(ended.begun);
  CHECK_FALSE(ended.refused);
  CHECK(says(ended, "in the middle of the answer"));
  CHECK(pair.next_succeeds());
}

TEST_CASE("http2: a reset after the whole answer takes nothing from it") {
  Pair pair;
  const auto stream = pair.sent();
  pair.server.answer(stream, "whole");
  pair.exchange();
  pair.server.reset(stream, NGHTTP2_NO_ERROR);
  pair.exchange();
  CHECK(pair.outcome(stream).answer->body == "whole");
  CHECK(pair.next_succeeds());
}

TEST_CASE("http2: a large body goes as the server's windows allow") {
  Pair pair;
  std::string body(3u << 20, 'x');
  body[1 << 20] = 'y';
  const auto stream = pair.sent(post(body));
  CHECK(pair.seen(stream).complete);
  CHECK(pair.seen(stream).body == body);
}

TEST_CASE("http2: an answer that comes before the body was sent ends the request, and the body with it") {
  Pair pair({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 10}});
  pair.exchange();
  http::Request request = post(std::string(1000000, 'x'));
  const auto stream = pair.start(std::move(request));
  REQUIRE(pair.server.receive(pair.session.take_output()));
  CHECK(pair.seen(stream).body.size() == 10);
  pair.server.answer(stream, "too large", {}, {{":status", "413"}});
  pair.connected = pair.session.receive(pair.server.take_output());
  auto ended = pair.outcome(stream);
  REQUIRE(ended.answer);
  CHECK(ended.answer->status == 413);
  pair.exchange();
  CHECK(pair.server.resets.at(stream) == NGHTTP2_CANCEL);
  CHECK(pair.seen(stream).body.size() < 100000);
  CHECK(pair.next_succeeds());
}

TEST_CASE("http2: an answer larger than all windows comes whole") {
  Pair pair;
  const auto stream = pair.sent();
  std::string body(40u << 20, 'x');
  body[39u << 20] = 'y';
  pair.server.answer(stream, body);
  pair.exchange();
  auto ended = pair.outcome(stream);
  REQUIRE(ended.answer);
  CHECK((ended.answer->body == body));
}

TEST_CASE("http2: a first megabyte and more comes without a word in between") {
  Pair pair;
  const auto stream = pair.sent();
  pair.server.answer(stream, std::string(4u << 20, 'x'));
  const std::string all = pair.server.take_output();
  CHECK(all.size() > (4u << 20));
}

TEST_CASE("http2: an answer above the limit is refused, and the connection goes on") {
  Limits limits;
  limits.body_bytes = 1000;
  Pair pair({}, limits);
  auto stream = pair.sent();
  pair.server.answer(stream, std::string(1000, 'x'));
  pair.exchange();
  CHECK(pair.outcome(stream).answer);
  stream = pair.sent();
  pair.server.answer(stream, std::string(1001, 'x'));
  pair.exchange();
  const auto ended = pair.failure(stream);
  CHECK(ended.answer.error().code == Code::resource_exhausted);
  CHECK(says(ended, "larger than 1000 bytes"));
  CHECK_FALSE(ended.refused);
  CHECK(pair.server.resets.at(stream) == NGHTTP2_CANCEL);
  CHECK(pair.next_succeeds());
}

TEST_CASE("http2: fields beyond the limit are refused, also when compression makes them small") {
  Limits limits;
  limits.header_bytes = 16u << 10;
  Pair pair({}, limits);
  const auto stream = pair.sent();
  Fields head = {{":status", "200"}};
  const bool one_large = GENERATE(true, false);
  if (one_large)
    for (int i = 0; i < 3; ++i)
      head.emplace_back("x-" + std::to_string(i), std::string(8000, 'x'));
  else
    for (int i = 0; i < 1000; ++i)
      head.emplace_back("x", "y");
  pair.server.answer(stream, "", {}, head);
  pair.exchange();
  const auto ended = pair.failure(stream);
  CHECK(ended.answer.error().code == Code::internal);
  CHECK(says(ended, "header fields take more than 16384 bytes"));
  CHECK(pair.next_succeeds());
}

TEST_CASE("http2: fields that need CONTINUATION frames are read") {
  Pair pair;
  const auto stream = pair.sent();
  Fields head = {{":status", "200"}};
  for (int i = 0; i < 7; ++i)
    head.emplace_back("x-" + std::to_string(i), std::string(8000, static_cast<char>('a' + i)));
  pair.server.answer(stream, "body", {}, head);
  pair.exchange();
  auto ended = pair.outcome(stream);
  REQUIRE(ended.answer);
  CHECK(ended.answer->headers.get("x-6") == std::string(8000, 'g'));
  CHECK(ended.answer->body == "body");
}

TEST_CASE("http2: trailers end an answer and are no fields of it") {
  Pair pair;
  const auto stream = pair.sent();
  pair.server.answer(stream, "body", {{"grpc-status", "0"}});
  pair.exchange();
  auto ended = pair.outcome(stream);
  REQUIRE(ended.answer);
  CHECK(ended.answer->body == "body");
  CHECK_FALSE(ended.answer->headers.has("grpc-status"));
}

TEST_CASE("http2: interim answers are passed over") {
  Pair pair;
  const auto stream = pair.sent();
  pair.server.interim(stream, {{":status", "103"}, {"link", "x"}});
  pair.server.interim(stream, {{":status", "100"}});
  pair.exchange();
  CHECK_FALSE(pair.session.has_answered());
  pair.server.answer(stream, "real");
  pair.exchange();
  auto ended = pair.outcome(stream);
  REQUIRE(ended.answer);
  CHECK(ended.answer->status == 200);
  CHECK_FALSE(ended.answer->headers.has("link"));
  CHECK(ended.answer->body == "real");
}

TEST_CASE("http2: the answer to HEAD has a length and no body") {
  Pair pair;
  const auto stream = pair.sent(http::Request("HEAD", "/"));
  pair.server.head_only(stream, {{":status", "200"}, {"content-length", "1000"}});
  pair.exchange();
  auto ended = pair.outcome(stream);
  REQUIRE(ended.answer);
  CHECK(ended.answer->body.empty());
  CHECK(ended.answer->headers.get("content-length") == "1000");
}

TEST_CASE("http2: a malformed answer fails alone") {
  Pair pair;
  const auto stream = pair.sent();
  SECTION("no status") { pair.server.answer(stream, "", {}, {{"content-type", "x"}}); }
  SECTION("no number") { pair.server.answer(stream, "", {}, {{":status", "abc"}}); }
  SECTION("101") { pair.server.answer(stream, "", {}, {{":status", "101"}}); }
  SECTION("two statuses") { pair.server.answer(stream, "", {}, {{":status", "200"}, {":status", "200"}}); }
  SECTION("a field of the connection") {
    pair.server.answer(stream, "", {}, {{":status", "200"}, {"connection", "x"}});
  }
  SECTION("shorter than its length") {
    pair.server.answer(stream, "abc", {}, {{":status", "200"}, {"content-length", "4"}});
  }
  SECTION("longer than its length") {
    pair.server.answer(stream, "abc", {}, {{":status", "200"}, {"content-length", "2"}});
  }
  SECTION("only interim") { pair.server.head_only(stream, {{":status", "103"}}); }
  pair.exchange();
  const auto ended = pair.failure(stream);
  CHECK(ended.answer.error().code == Code::internal);
  CHECK(says(ended, "not valid HTTP/2"));
  CHECK_FALSE(ended.refused);
  CHECK(pair.next_succeeds());
}

TEST_CASE("http2: what is no HTTP/2 ends the connection and all requests") {
  Pair pair;
  const auto first = pair.start();
  const auto second = pair.start(post("x"));
  pair.session.take_output();
  const std::string bytes = GENERATE(std::string("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
                                     std::string("\0\0\4\4\0\0\0\0\1abcd", 13), // SETTINGS on a stream, of 4 bytes
                                     std::string(300, '\xff'));
  bool goes_on = pair.session.receive(bytes);
  pair.session.take_output();
  goes_on = goes_on && !pair.session.broken();
  CHECK_FALSE(goes_on);
  CHECK(pair.session.broken());
  CHECK_FALSE(pair.session.takes_requests());
  for (const auto stream : {first, second}) {
    const auto ended = pair.failure(stream);
    CHECK(ended.answer.error().code == Code::internal);
    CHECK_FALSE(ended.refused);
  }
  CHECK(pair.session.open_requests() == 0);
  CHECK_FALSE(pair.session.receive("more"));
  CHECK(pair.session.take_output().empty());
}

TEST_CASE("http2: a lost connection: what was sent may have been done, what was not was not") {
  Pair pair({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2}});
  pair.exchange();
  const auto waits = pair.sent(post("a"));
  const auto half = pair.sent(post("b"));
  const auto unsent = pair.sent(post("c"));
  pair.server.begin(half, "half");
  pair.exchange();
  std::optional<Error> reason;
  if (GENERATE(true, false)) reason = Error(Code::unauthenticated, "the certificate was refused", "renew it");
  pair.session.disconnected(reason);
  const auto a = pair.failure(waits);
  CHECK(a.sent);
  CHECK_FALSE(a.refused);
  CHECK_FALSE(a.begun);
  const auto b = pair.failure(half);
  CHECK(b.begun);
  const auto c = pair.failure(unsent);
  CHECK_FALSE(c.sent);
  CHECK(c.refused);
  if (reason) {
    CHECK(a.answer.error().code == Code::unauthenticated);
    CHECK(a.answer.error().hint == "renew it");
  } else {
    CHECK(says(a, "closed before the answer came"));
    CHECK(says(b, "closed in the middle of the answer"));
    CHECK(a.answer.error().retryable);
  }
}

TEST_CASE("http2: cut at every byte and mixed up at random, every request ends once") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Pair pair;
    std::vector<std::int32_t> streams;
    for (int i = 0; i < 3; ++i)
      streams.push_back(pair.start(post("question")));
    pair.exchange();
    for (const auto stream : streams)
      pair.server.answer(stream, std::string(100, 'x'), {{"a", "b"}}, {{":status", "200"}, {"k", "v"}});
    std::string bytes = pair.server.take_output();
    const bool damaged = round % 2 == 1;
    if (damaged) bytes[random() % bytes.size()] = static_cast<char>(random());
    for (const char byte : bytes) {
      if (!pair.session.receive(std::string_view(&byte, 1))) break;
      pair.session.take_output();
    }
    pair.session.disconnected(std::nullopt);
    std::map<std::int32_t, int> ends;
    int good = 0;
    while (auto ended = pair.session.next_ended()) {
      ++ends[ended->stream];
      good += ended->answer.has_value();
    }
    CHECK(ends.size() == 3);
    for (const auto stream : streams)
      CHECK(ends[stream] == 1);
    if (!damaged) CHECK(good == 3);
  }
}
