// SPDX-License-Identifier: Apache-2.0
// A plugin that loads well and then breaks its promises: the host answers, names it, and goes on.
#include "plugin_directory.hpp"

#include <boost/asio/cancellation_signal.hpp>

#include <thread>

using namespace ksail;
using namespace ksail::plugins;
using Catch::Contains;
using nlohmann::json;

namespace {

const auto soon = std::chrono::milliseconds(20);

} // namespace

TEST_CASE("bodies, blobs, operation ids and deadlines reach the plugin") {
  LoadedFake fake("misbehaving");
  std::vector<Blob> blobs;
  blobs.emplace_back("a", std::string("with \0 inside", 13));
  blobs.emplace_back("empty", "");
  const auto echo = fake.call("echo", json{{"x", "ü"}}, Deadline::never(), EventHandler(), blobs);
  REQUIRE(echo);
  CHECK(echo->body == json{{"x", "ü"}});
  REQUIRE(echo->blob("a"));
  CHECK(*echo->blob("a") == blobs[0].data);
  REQUIRE(echo->blob("empty"));
  CHECK(echo->blob("empty")->empty());
  CHECK(echo->blob("none") == nullptr);

  const auto given = fake.call("operation-id", json{{"operation_id", "op-1"}});
  CHECK(*given->blob("id") == "op-1");
  const auto one = fake.call("operation-id"), other = fake.call("operation-id");
  CHECK(one->blob("id")->size() == 32);
  CHECK(*one->blob("id") != *other->blob("id"));

  CHECK(fake.call("timeout")->body["timeout"] == "none");
  const auto timed = fake.call("timeout", json::object(), Deadline::after(std::chrono::hours(1)));
  CHECK(timed->body["timeout"] == "some");
}

TEST_CASE("done twice: the first answer counts, the second is logged by the plugin's name") {
  LoadedFake fake("misbehaving");
  const auto reply = fake.call("twice");
  REQUIRE(reply);
  CHECK(reply->body["first"] == true);
  CHECK(fake.services().count("4 fake-misbehaving: the fake-misbehaving plugin misbehaves: done() was called for an "
                              "operation that had ended") == 1);
}

TEST_CASE("done never, deadline passed: the plugin is called stuck and the host goes on") {
  LoadedFake fake("misbehaving");
  const auto reply = fake.call("never", json::object(), Deadline::after(soon));
  REQUIRE(!reply);
  CHECK(reply.error().code == Code::plugin);
  CHECK(reply.error().outcome_unknown);
  CHECK_THAT(reply.error().message, Contains("the fake-misbehaving plugin is stuck: \"never\""));
  CHECK(fake.services().count("is stuck") == 1);
  CHECK(fake.call("counts")->body == json{{"cancels", 1}, {"releases", 0}});

  SECTION("and when done comes after all, the operation is released, once") {
    REQUIRE(fake.call("late"));
    CHECK(fake.call("counts")->body == json{{"cancels", 1}, {"releases", 1}});
    CHECK(fake.services().count("had ended") == 0);
    REQUIRE(fake.call("late"));
    CHECK(fake.call("counts")->body == json{{"cancels", 1}, {"releases", 1}});
    CHECK(fake.services().count("had ended") == 1);
  }
}

TEST_CASE("done never, cancelled: the same") {
  LoadedFake fake("misbehaving");
  asio::cancellation_signal stop;
  std::optional<Result<Reply>> reply;
  fake.begin("never", reply, stop.slot());
  fake.context().poll();
  REQUIRE(!reply);
  stop.emit(asio::cancellation_type::terminal);
  fake.context().run();
  REQUIRE(reply);
  REQUIRE(!*reply);
  CHECK(reply->error().code == Code::plugin);
  CHECK_THAT(reply->error().message, Contains("after it was cancelled"));
}

TEST_CASE("neither an operation nor an answer is an error at once") {
  LoadedFake fake("misbehaving");
  const auto reply = fake.call("neither");
  REQUIRE(!reply);
  CHECK(reply.error().code == Code::plugin);
  CHECK_THAT(reply.error().message, Contains("neither answered \"neither\" nor started it"));
  CHECK(fake.services().count("returned no operation") == 1);
}

TEST_CASE("an answer before start returns is as good as any, and the operation is released") {
  LoadedFake fake("misbehaving");
  CHECK(fake.call("inline")->body["inline"] == true);
  CHECK(fake.call("counts")->body == json{{"cancels", 0}, {"releases", 1}});
}

TEST_CASE("an operation without functions is reported and its answer still taken") {
  LoadedFake fake("misbehaving");
  CHECK(fake.call("crippled").has_value());
  CHECK(fake.services().count("cannot be cancelled or released") == 1);
}

TEST_CASE("events come in order, all before the result, on the caller's thread") {
  LoadedFake fake("misbehaving");
  std::vector<int> seen;
  bool elsewhere = false;
  const auto here = std::this_thread::get_id();
  const auto reply =
      fake.call("events", json::object(), Deadline::never(), [&](const json &event, const std::vector<Blob> &) {
        seen.push_back(event.at("n").get<int>());
        elsewhere = elsewhere || std::this_thread::get_id() != here;
      });
  REQUIRE(reply);
  CHECK(!elsewhere);
  REQUIRE(seen.size() == 100);
  for (int i = 0; i < 100; ++i)
    CHECK(seen[static_cast<std::size_t>(i)] == i);
  SECTION("and without a handler nothing happens to them") { CHECK(fake.call("events")->body["sent"] == 100); }
}

TEST_CASE("events after done are dropped, broken ones are reported") {
  LoadedFake fake("misbehaving");
  std::string seen;
  const EventHandler note = [&seen](const json &event, const std::vector<Blob> &) { seen += event.value("when", "?"); };
  REQUIRE(fake.call("event-after-done", json::object(), Deadline::never(), note));
  CHECK(seen == "before");
  REQUIRE(fake.call("bad-event", json::object(), Deadline::never(), note));
  CHECK(seen == "before");
  CHECK(fake.services().count("an event of \"bad-event\" is not valid JSON") == 1);
}

TEST_CASE("an event handler that throws ends the call and cancels the operation") {
  LoadedFake fake("misbehaving");
  CHECK_THROWS_AS(fake.call("events", json::object(), Deadline::never(),
                            [](const json &, const std::vector<Blob> &) { throw std::runtime_error("no"); }),
                  std::runtime_error);
  CHECK(fake.call("echo").has_value());
}

TEST_CASE("cancelling reaches the plugin with its reason, and done follows") {
  LoadedFake fake("misbehaving");
  std::optional<Result<Reply>> reply;
  SECTION("the user") {
    asio::cancellation_signal stop;
    fake.begin("wait", reply, stop.slot());
    fake.context().poll();
    stop.emit(asio::cancellation_type::terminal);
    fake.context().run();
    REQUIRE(reply);
    CHECK(reply->error().code == Code::cancelled);
    CHECK(reply->error().message == "user");
  }
  SECTION("the deadline") {
    const auto late = fake.call("wait", json::object(), Deadline::after(soon));
    REQUIRE(!late);
    CHECK(late.error().code == Code::deadline_exceeded);
    CHECK(late.error().message == "deadline");
  }
  SECTION("a Provider that goes away") {
    fake.begin("wait", reply);
    fake.context().poll();
    fake.drop_provider();
    fake.context().run();
    REQUIRE(reply);
    CHECK(reply->error().message == "shutdown");
  }
  SECTION("shutting down") {
    fake.begin("wait", reply);
    fake.context().poll();
    fake.shutdown(std::chrono::seconds(1));
    fake.context().run();
    REQUIRE(reply);
    CHECK(reply->error().message == "shutdown");
    const auto after = fake.call("echo");
    REQUIRE(!after);
    CHECK(after.error().code == Code::plugin);
    CHECK_THAT(after.error().message, Contains("was shut down before \"echo\""));
  }
}

TEST_CASE("an io_context may go away under calls in flight") {
  std::optional<Result<Reply>> reply;
  {
    LoadedFake fake("misbehaving");
    fake.begin("wait", reply);
    fake.begin("never", reply);
    fake.context().poll();
  }
  CHECK(!reply);
}

TEST_CASE("a call that is cancelled or late before it began never reaches the plugin") {
  LoadedFake fake("misbehaving");
  const auto late = fake.call("wait", json::object(), Deadline(Clock::now()));
  REQUIRE(!late);
  CHECK(late.error().code == Code::deadline_exceeded);
  CHECK(fake.call("counts")->body == json{{"cancels", 0}, {"releases", 0}});
}

TEST_CASE("answers that are none become errors that name the plugin") {
  LoadedFake fake("misbehaving");
  const auto says = [&fake](const char *verb) {
    const auto reply = fake.call(verb);
    REQUIRE(!reply);
    CHECK(reply.error().code == Code::plugin);
    CHECK_THAT(reply.error().message,
               Contains("the fake-misbehaving plugin answered \"" + std::string(verb) + "\" wrongly"));
    return reply.error().message;
  };
  CHECK_THAT(says("bad-json"), Contains("the answer is not valid JSON"));
  CHECK_THAT(says("not-an-object"), Contains("the answer is not a JSON object"));
  CHECK_THAT(says("null-result"), Contains("the result is a null pointer"));
  CHECK_THAT(says("short-result"), Contains("the result is too short"));
}

TEST_CASE("failures keep their code, flags, hint and causes") {
  LoadedFake fake("misbehaving");
  const auto failure = fake.call("failure");
  REQUIRE(!failure);
  const Error error = failure.error();
  CHECK(error.code == Code::unavailable);
  CHECK(error.message == "the engine does not answer");
  CHECK(error.hint == "start the engine");
  CHECK(error.retryable);
  CHECK(error.outcome_unknown);
  CHECK(error.retry_after == std::chrono::milliseconds(1500));
  REQUIRE(error.causes.size() == 2);
  CHECK(error.causes[0].code == Code::already_exists);
  CHECK(error.causes[0].message == "port 80 is taken");
  CHECK(error.causes[0].hint == "free it");
  CHECK(error.causes[1].code == Code::not_found);
  CHECK(error.causes[1].retryable);

  const auto partial = fake.call("partial");
  CHECK(partial.error().code == Code::partial);
  REQUIRE(partial.error().causes.size() == 1);
  CHECK(partial.error().causes[0].code == Code::unavailable);

  const auto old = fake.call("old-result");
  CHECK(old.error().code == Code::not_found);
  CHECK(old.error().message == "from an older SDK");
  CHECK(old.error().hint.empty());

  const auto unknown = fake.call("unknown-code");
  CHECK(unknown.error().code == Code::unknown);
  CHECK(unknown.error().message == "what is this");
  CHECK(fake.services().count("the unknown code 4711") == 1);

  CHECK_THAT(fake.call("silent-failure").error().message, Contains("without saying why (code 13)"));
  CHECK(fake.call("dirty-message").error().message == "red [31m and broken \xef\xbf\xbd utf-8");
  CHECK(fake.call("no-such-verb").error().code == Code::unimplemented);
}

TEST_CASE("log lines are cleaned and carry the id of the plugin, secrets are redacted as they are handed out") {
  LoadedFake fake("misbehaving");
  CHECK(fake.services().count("4 fake-misbehaving.part : hello from init") == 1);
  CHECK(fake.services().redacted("s3cret"));
  CHECK(fake.services().redacted("own-secret"));
}

TEST_CASE("a shutdown that hangs is left behind and named") {
  LoadedFake fake("stuck-shutdown");
  const auto before = Clock::now();
  fake.shutdown(std::chrono::milliseconds(10));
  CHECK(Clock::now() - before < std::chrono::seconds(60));
  CHECK(fake.services().count("its shutdown is stuck") == 1);
  CHECK(!fake.call("echo"));
}
