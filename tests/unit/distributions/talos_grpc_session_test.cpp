// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos_api/grpc_session.hpp"
#include "distributions/talos_api/grpc_status.hpp"

#include "fake_grpc_server.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::talos_api;
using test::FakeGrpcServer;
using Fields = FakeGrpcServer::Fields;
using test::grpc_frame;

namespace {

/// A session and a server with nothing but memory between them.
struct Pair {
  explicit Pair(GrpcLimits limits = {}) : session(limits) {}
  GrpcSession session;
  FakeGrpcServer server;
  bool connected = true;

  void exchange() { connected = test::exchange(session, server, connected); }
  std::int32_t start(const std::string &message = "question") {
    GrpcRequest request;
    request.method = "/machine.MachineService/Version";
    request.authority = "10.5.0.2:50000";
    request.message = message;
    request.metadata = {{"node", "10.5.0.3"}};
    request.timeout_ms = 1500;
    auto started = session.start(request);
    REQUIRE(started);
    exchange();
    return *started;
  }
  /// Messages of the call and its failure; REQUIREs that it ended.
  std::pair<std::vector<std::string>, std::optional<Error>> outcome(std::int32_t call) {
    std::vector<std::string> messages;
    while (auto event = session.next_event()) {
      if (event->call != call) continue;
      if (event->kind == GrpcEvent::Kind::finished) return {messages, event->failure};
      messages.push_back(event->message);
    }
    FAIL("the call did not end");
    return {};
  }
  Error failure(std::int32_t call) {
    auto [messages, error] = outcome(call);
    REQUIRE(error.has_value());
    return *error;
  }
  /// What becomes of a call that the server answers so.
  template <class... Answer> Error failure_of_answer(Answer &&...answer) {
    const auto call = start();
    server.answer(call, std::forward<Answer>(answer)...);
    exchange();
    return failure(call);
  }
  Error failure_of_refusal(const FakeGrpcServer::Fields &fields) {
    const auto call = start();
    server.refuse(call, fields);
    exchange();
    return failure(call);
  }
  bool next_call_succeeds() {
    const auto call = start();
    server.answer(call, grpc_frame("answer"));
    exchange();
    return !outcome(call).second;
  }
};

/// Nine bytes of a frame's head (RFC 9113 section 4.1).
std::string frame_head(std::uint32_t size, std::uint8_t type, std::uint8_t flags, std::uint32_t stream) {
  std::string out;
  for (const int shift : {16, 8, 0})
    out += static_cast<char>(size >> shift & 0xff);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0})
    out += static_cast<char>(stream >> shift & 0xff);
  return out;
}

} // namespace

TEST_CASE("a unary call sends what gRPC asks for and gets its answer") {
  Pair pair;
  const auto call = pair.start();
  REQUIRE(pair.server.requests.size() == 1);
  const auto &request = pair.server.requests.front();
  CHECK(request.fields.at(":method") == "POST");
  CHECK(request.fields.at(":path") == "/machine.MachineService/Version");
  CHECK(request.fields.at(":authority") == "10.5.0.2:50000");
  CHECK(request.fields.at("te") == "trailers");
  CHECK(request.fields.at("content-type") == "application/grpc");
  CHECK(request.fields.at("grpc-timeout") == "1500m");
  CHECK(request.fields.at("node") == "10.5.0.3");
  CHECK(request.body == grpc_frame("question"));
  CHECK(request.complete);
  pair.server.answer(call, grpc_frame("answer"));
  pair.exchange();
  auto [messages, error] = pair.outcome(call);
  CHECK(messages == std::vector<std::string>{"answer"});
  CHECK_FALSE(error.has_value());
  CHECK(pair.session.open_calls() == 0);
}

TEST_CASE("a failure in the trailers and one in the head are told alike") {
  Pair pair;
  Error error = pair.failure_of_answer(
      "", Fields{{"grpc-status", "9"}, {"grpc-message", "bootstrap is not available yet%21%0A"}});
  CHECK(error.code == Code::failed_precondition);
  CHECK(error.message == "the Talos call Version failed: bootstrap is not available yet! ");
  error = pair.failure_of_refusal({{":status", "200"},
                                   {"content-type", "application/grpc+proto"},
                                   {"grpc-status", "7"},
                                   {"grpc-message", "not authorized"}});
  CHECK(error.code == Code::permission_denied);
  CHECK(error.hint.find("os:admin") != std::string::npos);
  error = pair.failure_of_refusal({{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "999"}});
  CHECK(error.code == Code::unknown);
}

TEST_CASE("messages of a stream come one by one, however they are cut") {
  Pair pair;
  const auto call = pair.start();
  const std::string body =
      grpc_frame("one") + grpc_frame("") + grpc_frame(std::string(100000, 'x')) + grpc_frame("last");
  pair.server.begin(call, body.substr(0, 3));
  pair.exchange();
  for (std::size_t at = 3; at < body.size(); at += 7777) {
    pair.server.more(call, body.substr(at, 7777), false);
    pair.exchange();
  }
  pair.server.more(call, "", true);
  pair.exchange();
  auto [messages, error] = pair.outcome(call);
  CHECK_FALSE(error.has_value());
  REQUIRE(messages.size() == 4);
  CHECK(messages[0] == "one");
  CHECK(messages[1].empty());
  CHECK(messages[2].size() == 100000);
  CHECK(messages[3] == "last");
}

TEST_CASE("calls run side by side and end in any order") {
  Pair pair;
  const auto a = pair.start("a");
  const auto b = pair.start("b");
  pair.server.answer(b, grpc_frame("for b"));
  pair.exchange();
  CHECK(pair.outcome(b).first == std::vector<std::string>{"for b"});
  pair.server.answer(a, grpc_frame("for a"));
  pair.exchange();
  CHECK(pair.outcome(a).first == std::vector<std::string>{"for a"});
}

TEST_CASE("a message that nobody takes makes the server wait, and no more than that") {
  GrpcLimits limits;
  limits.queued_bytes = 100000;
  Pair pair(limits);
  const auto call = pair.start();
  std::string body;
  for (int i = 0; i < 100; ++i)
    body += grpc_frame(std::string(100000, 'a'));
  pair.server.begin(call, body);
  pair.server.more(call, "", true);
  pair.exchange();
  std::size_t messages = 0;
  bool finished = false;
  std::size_t most = 0;
  while (!finished) {
    std::vector<std::size_t> sizes;
    while (auto event = pair.session.next_event()) {
      if (event->kind == GrpcEvent::Kind::finished) {
        finished = true;
        CHECK_FALSE(event->failure.has_value());
      } else {
        sizes.push_back(event->message.size());
      }
    }
    REQUIRE((finished || !sizes.empty()));
    most = std::max(most, sizes.size());
    messages += sizes.size();
    for (const auto size : sizes)
      pair.session.taken(call, size);
    pair.exchange();
  }
  CHECK(messages == 100);
  CHECK(most < 20); // the window is 1 MiB
}

TEST_CASE("an answer without a status is a failure, and so is half a message") {
  Pair pair;
  Error error = pair.failure_of_answer(grpc_frame("answer"), Fields{});
  CHECK(error.code == Code::internal);
  CHECK(error.outcome_unknown);
  CHECK(error.message.find("without a status") != std::string::npos);
  error = pair.failure_of_answer(grpc_frame("answer").substr(0, 7));
  CHECK(error.message.find("cut short") != std::string::npos);
}

TEST_CASE("what does not speak gRPC is named by its HTTP status") {
  Pair pair;
  Error error = pair.failure_of_answer("<html>", Fields{}, Fields{{":status", "404"}, {"content-type", "text/html"}});
  CHECK(error.code == Code::unimplemented);
  CHECK(error.message.find("HTTP status 404") != std::string::npos);
  error = pair.failure_of_answer("hello", Fields{}, Fields{{":status", "200"}, {"content-type", "text/plain"}});
  CHECK(error.code == Code::unknown);
  error = pair.failure_of_refusal({{":status", "503"}});
  CHECK(error.code == Code::unavailable);
  CHECK(error.retryable);
}

TEST_CASE("compressed and oversized messages are refused, and the connection goes on") {
  GrpcLimits limits;
  limits.message_bytes = 1000;
  Pair pair(limits);
  CHECK(pair.failure_of_answer(grpc_frame("zipped", 1)).message.find("compressed") != std::string::npos);
  const auto second = pair.start();
  pair.server.begin(second, std::string("\0\xff\xff\xff\xff", 5));
  pair.exchange();
  const Error error = pair.failure(second);
  CHECK(error.code == Code::resource_exhausted);
  CHECK(error.message.find("4294967295 bytes") != std::string::npos);
  CHECK(pair.server.resets.at(second) == NGHTTP2_CANCEL);
  CHECK(pair.next_call_succeeds());
}

TEST_CASE("a stream that is reset ends its call alone") {
  Pair pair;
  const auto first = pair.start();
  const auto second = pair.start();
  pair.server.reset(first, NGHTTP2_REFUSED_STREAM);
  pair.exchange();
  Error error = pair.failure(first);
  CHECK(error.code == Code::unavailable);
  CHECK(error.retryable);
  CHECK_FALSE(error.outcome_unknown);
  pair.server.reset(second, NGHTTP2_INTERNAL_ERROR);
  pair.exchange();
  error = pair.failure(second);
  CHECK(error.code == Code::internal);
  CHECK(error.outcome_unknown);
  CHECK(pair.next_call_succeeds());
}

TEST_CASE("after GOAWAY what was accepted is finished, the rest may be repeated, and nothing new begins") {
  Pair pair;
  const auto accepted = pair.start();
  const auto refused = pair.start();
  pair.server.go_away(accepted, NGHTTP2_NO_ERROR);
  pair.exchange();
  const Error error = pair.failure(refused);
  CHECK(error.code == Code::unavailable);
  CHECK(error.retryable);
  CHECK_FALSE(pair.session.takes_calls());
  auto started = pair.session.start(GrpcRequest{});
  REQUIRE_FALSE(started);
  CHECK(started.error().retryable);
  pair.server.answer(accepted, grpc_frame("answer"));
  pair.exchange();
  CHECK_FALSE(pair.outcome(accepted).second.has_value());
}

TEST_CASE("a connection that ends fails its calls; only what never went out may be repeated") {
  Pair pair;
  const auto sent = pair.start();
  GrpcRequest request;
  request.method = "/machine.MachineService/Bootstrap";
  const auto unsent = pair.session.start(request).value();
  pair.session.disconnected(Error(Code::unavailable, "connection reset by peer"));
  Error error = pair.failure(sent);
  CHECK(error.code == Code::unavailable);
  CHECK(error.outcome_unknown);
  CHECK_FALSE(error.retryable);
  CHECK(error.message == "the Talos call Version failed: connection reset by peer");
  error = pair.failure(unsent);
  CHECK(error.retryable);
  CHECK_FALSE(error.outcome_unknown);
  CHECK_FALSE(pair.session.takes_calls());
}

TEST_CASE("frames that are too large, out of place or nonsense end the connection with an error, not with a crash") {
  const std::string settings = frame_head(0, 4, 0, 0);
  const std::string nonsense[] = {
      settings + frame_head(1u << 24 | 0xffffff, 0, 0, 1) + std::string(20000, 'x'), // larger than was agreed on
      settings + frame_head(5, 0, 0, 0) + "hello",                                   // DATA on no stream
      settings + frame_head(4, 1, 4, 1) + "\xff\xff\xff\xff",                        // HEADERS that cannot be decoded
      settings + frame_head(3, 6, 0, 0) + "abc",                                     // PING of the wrong size
      settings + frame_head(4, 8, 0, 0) + std::string(4, '\0'),                      // WINDOW_UPDATE of nothing
      "HTTP/1.1 400 Bad Request\r\n\r\n",
      std::string(100, '\0'),
  };
  for (const auto &bytes : nonsense) {
    Pair pair;
    GrpcRequest request;
    request.method = "/machine.MachineService/Version";
    const auto call = pair.session.start(request).value();
    (void)pair.session.take_output();
    pair.session.receive(bytes);
    (void)pair.session.take_output();
    pair.session.disconnected(std::nullopt);
    CHECK(pair.failure(call).code == Code::unavailable);
    CHECK_FALSE(pair.session.takes_calls());
    CHECK_FALSE(pair.session.receive("more"));
  }
}

TEST_CASE("a server that answers before it has read the request is believed, and the connection goes on") {
  Pair pair;
  GrpcRequest request;
  request.method = "/machine.MachineService/ApplyConfiguration";
  request.authority = "10.5.0.2:50000";
  request.message = std::string(300'000, 'x'); // more than the server lets come without saying so
  const auto call = pair.session.start(request).value();
  REQUIRE(pair.server.receive(pair.session.take_output()));
  REQUIRE_FALSE(pair.server.requests.at(0).complete);
  pair.server.refuse(
      call,
      {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "8"}, {"grpc-message", "too large"}});
  REQUIRE(pair.session.receive(pair.server.take_output()));
  pair.server.reset(call, NGHTTP2_NO_ERROR);
  pair.exchange();
  const Error error = pair.failure(call);
  CHECK(error.code == Code::resource_exhausted);
  CHECK(error.message.find("too large") != std::string::npos);
  CHECK(pair.next_call_succeeds());
}

TEST_CASE("a server that closes its side in the middle of a stream fails that call alone") {
  Pair pair;
  const auto cut = pair.start();
  const auto other = pair.start();
  pair.server.begin(cut, grpc_frame("one"));
  pair.exchange();
  pair.server.more(cut, grpc_frame("two").substr(0, 4), true, {});
  pair.exchange();
  auto [messages, error] = pair.outcome(cut);
  CHECK(messages == std::vector<std::string>{"one"});
  REQUIRE(error.has_value());
  pair.server.answer(other, grpc_frame("answer"));
  pair.exchange();
  CHECK_FALSE(pair.outcome(other).second.has_value());
  CHECK(pair.session.takes_calls());
}

TEST_CASE("a call that nobody wants any more is told to the server and heard of no more") {
  Pair pair;
  const auto call = pair.start();
  pair.server.begin(call, grpc_frame("first"));
  pair.exchange();
  pair.session.cancel(call);
  pair.exchange();
  CHECK(pair.server.resets.at(call) == NGHTTP2_CANCEL);
  CHECK_FALSE(pair.session.next_event().has_value());
  pair.session.cancel(call);
  pair.session.taken(call, 5);
  pair.server.ping();
  pair.exchange();
  CHECK(pair.connected);
}

TEST_CASE("the texts of gRPC") {
  CHECK(decode_message("100%25 of %zz and %") == "100% of %zz and %");
  CHECK(decode_message("a\r\nb") == "a  b");
  CHECK(timeout_text(0) == "1m");
  CHECK(timeout_text(99999999) == "99999999m");
  CHECK(timeout_text(100000000) == "100000S");
  CHECK(status_error("/a.B/C", 5, "gone").code == Code::not_found);
  CHECK(status_error("/a.B/C", 14, "").retryable);
}
