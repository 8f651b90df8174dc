// SPDX-License-Identifier: Apache-2.0
// Plugins written with the C++ author layer: what it promises to the ABI holds whatever the author does.
#include "plugin_directory.hpp"

#include <boost/asio/cancellation_signal.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

using namespace ksail;
using namespace ksail::plugins;
using Catch::Contains;
using nlohmann::json;

namespace {

std::ptrdiff_t descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

/// Threads of fake-authored; other tests' may have been left behind on purpose.
int plugin_threads() {
  int count = 0;
  for (const auto &task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "comm");
    std::string name;
    if (std::getline(file, name) && name == "ksail-fake-auth") ++count;
  }
  return count;
}

/// Begins `verb` and returns when the plugin says that it is at it.
void begin_and_reach(LoadedFake &fake, const std::string &verb, std::optional<Result<Reply>> &reply) {
  fake.begin(verb, reply, asio::cancellation_slot(),
             [&fake](const json &, const std::vector<Blob> &) { fake.context().stop(); });
  fake.context().run();
  fake.context().restart();
  REQUIRE(!reply);
}

} // namespace

TEST_CASE("exceptions of an author become internal errors") {
  LoadedFake fake("authored");
  const auto thrown = fake.call("throw");
  REQUIRE(!thrown);
  CHECK(thrown.error().code == Code::internal);
  CHECK_THAT(thrown.error().message, Contains("throw") && Contains("thrown by the provider"));
  CHECK_THAT(fake.call("throw-later").error().message, Contains("thrown later"));
  CHECK(fake.call("throw-int").error().code == Code::internal);
  CHECK(fake.call("echo").has_value());
}

TEST_CASE("a provider that cannot be made answers every request with the reason") {
  LoadedFake fake("throwing-constructor");
  for (int i = 0; i < 2; ++i) {
    const auto reply = fake.call("echo");
    REQUIRE(!reply);
    CHECK(reply.error().code == Code::internal);
    CHECK_THAT(reply.error().message, Contains("fake-throwing-constructor plugin could not be set up: no such thing"));
  }
}

TEST_CASE("requests reach an author whole") {
  LoadedFake fake("authored");
  std::vector<Blob> blobs;
  blobs.emplace_back("archive", std::string(1 << 20, '\7'));
  json body = {{"operation_id", "op-7"}, {"x", json::array({1, nullptr, "ü"})}};
  const auto reply = fake.call("echo", body, Deadline::after(std::chrono::hours(1)), EventHandler(), blobs);
  REQUIRE(reply);
  CHECK(reply->body["operation_id"] == "op-7");
  CHECK(reply->body["deadline"] == true);
  CHECK(reply->body["body"] == json{{"x", json::array({1, nullptr, "ü"})}});
  REQUIRE(reply->blob("archive"));
  CHECK(*reply->blob("archive") == blobs[0].data);
  CHECK(fake.call("echo")->body["deadline"] == false);
}

TEST_CASE("events of an author arrive in order before the result") {
  LoadedFake fake("authored");
  std::vector<int> seen;
  REQUIRE(
      fake.call("events", json{{"count", 500}}, Deadline::never(),
                [&seen](const json &event, const std::vector<Blob> &) { seen.push_back(event.at("n").get<int>()); }));
  REQUIRE(seen.size() == 500);
  for (int i = 0; i < 500; ++i)
    REQUIRE(seen[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("cancellation reaches a coroutine of an author") {
  LoadedFake fake("authored");
  SECTION("by the caller") {
    asio::cancellation_signal stop;
    std::optional<Result<Reply>> reply;
    fake.begin("wait", reply, stop.slot(),
               [&stop](const json &, const std::vector<Blob> &) { stop.emit(asio::cancellation_type::terminal); });
    fake.context().run();
    REQUIRE(reply);
    CHECK(reply->error().code == Code::cancelled);
    CHECK(reply->error().message == "wait was cancelled");
  }
  SECTION("before it waits") {
    asio::cancellation_signal stop;
    std::optional<Result<Reply>> reply;
    fake.begin("wait", reply, stop.slot());
    fake.context().poll_one();
    stop.emit(asio::cancellation_type::terminal);
    fake.context().run();
    REQUIRE(reply);
    CHECK(reply->error().code == Code::cancelled);
  }
  SECTION("by the deadline") {
    const auto reply = fake.call("wait", json::object(), Deadline::after(std::chrono::milliseconds(10)));
    REQUIRE(!reply);
    CHECK(reply.error().code == Code::deadline_exceeded);
    CHECK(reply.error().message == "wait did not end in time");
  }
}

TEST_CASE("five hundred operations run side by side and each ends once") {
  LoadedFake fake("authored");
  std::vector<std::optional<Result<Reply>>> replies(500);
  asio::cancellation_signal stop;
  for (std::size_t i = 0; i < replies.size(); ++i)
    fake.begin(i % 3 == 0 ? "events" : i % 3 == 1 ? "echo" : "throw-later", replies[i]);
  fake.context().run();
  for (std::size_t i = 0; i < replies.size(); ++i) {
    REQUIRE(replies[i]);
    CHECK(replies[i]->has_value() == (i % 3 != 2));
  }
  CHECK(fake.services().count("misbehaves") == 0);
}

TEST_CASE("errors of an author cross the border whole, with codes that exist on both sides") {
  LoadedFake fake("authored");
  const auto reply = fake.call("fail");
  REQUIRE(!reply);
  const Error error = reply.error();
  CHECK(error.code == Code::unavailable);
  CHECK(error.hint == "try again");
  CHECK(error.retryable);
  CHECK(error.outcome_unknown);
  CHECK(error.retry_after == std::chrono::milliseconds(250));
  REQUIRE(error.causes.size() == 2);
  CHECK(error.causes[0].message == "no image");
  REQUIRE(error.causes[0].causes.size() == 1);
  CHECK(error.causes[0].causes[0].message == "no registry");
  CHECK(error.causes[1].hint == "free it");
  CHECK(fake.call("fail-partial").error().code == Code::partial);
  CHECK(fake.call("fail-config").error().code == Code::invalid_argument);
  const auto text = fake.call("bad-utf8");
  REQUIRE(text);
  CHECK(text->body["text"] == "broken \xef\xbf\xbd here");
}

TEST_CASE("an author gets the host's services") {
  LoadedFake fake("authored");
  const auto reply = fake.call("secret");
  REQUIRE(reply);
  CHECK(reply->body == json{{"length", 6}, {"unknown", false}});
  CHECK(fake.services().redacted("s3cret"));
  CHECK(fake.services().redacted("derived"));
  CHECK(fake.services().count("3 fake-authored: from the author layer") == 1);
}

TEST_CASE("loading starts no thread, and shutting down leaves neither thread nor descriptor") {
  const auto threads = plugin_threads();
  const auto files = descriptors();
  {
    LoadedFake fake("authored");
    CHECK(plugin_threads() == threads);
    REQUIRE(fake.call("echo"));
    CHECK(plugin_threads() == threads + 1);
    fake.shutdown(std::chrono::seconds(5));
    CHECK(fake.services().count("2 fake-authored: closed") == 1);
    CHECK(fake.services().count("misbehaves") == 0);
    // The kernel takes a moment to forget a thread that was joined.
    const auto until = Deadline::after(std::chrono::seconds(10));
    while (plugin_threads() != threads && !until.passed())
      std::this_thread::yield();
    CHECK(plugin_threads() == threads);
  }
  CHECK(descriptors() == files);
}

TEST_CASE("shutting down ends what is in flight") {
  LoadedFake fake("authored");
  std::vector<std::optional<Result<Reply>>> replies(20);
  for (auto &reply : replies)
    fake.begin("wait", reply);
  fake.context().poll();
  fake.shutdown(std::chrono::seconds(5));
  fake.context().run();
  for (const auto &reply : replies) {
    REQUIRE(reply);
    CHECK(reply->error().code == Code::cancelled);
  }
  CHECK(fake.services().count("misbehaves") == 0);
}

TEST_CASE("shutting down does not wait for what does not end") {
  LoadedFake fake("authored");
  std::optional<Result<Reply>> reply;
  SECTION("an operation that ignores its cancellation is answered for") {
    begin_and_reach(fake, "stubborn", reply);
    fake.shutdown(std::chrono::milliseconds(700));
    fake.context().run();
    REQUIRE(reply);
    CHECK(reply->error().code == Code::cancelled);
    CHECK_THAT(reply->error().message, Contains("was shut down before the operation ended"));
    CHECK(fake.services().count("its shutdown ended with code 4") == 1);
  }
  SECTION("a thread that is blocked is left behind") {
    begin_and_reach(fake, "block", reply);
    fake.shutdown(std::chrono::milliseconds(700));
    fake.context().run();
    REQUIRE(reply);
    CHECK(reply->error().code == Code::cancelled);
    CHECK(fake.services().count("its shutdown ended with code 4") == 1);
  }
}
