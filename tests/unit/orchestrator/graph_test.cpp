// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/graph.hpp"
#include "run_coroutine.hpp"
#include "silent_progress.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace std::chrono_literals;

namespace {

struct Trace {
  std::vector<std::string> events;
  GraphStep step(std::string name, std::vector<std::string> after) {
    GraphStep s;
    s.name = name;
    s.phase = "test";
    s.after = std::move(after);
    s.run = [this, name]() -> asio::awaitable<Result<void>> {
      events.push_back("+" + name);
      co_await sleep_for(1ms);
      events.push_back("-" + name);
      co_return Result<void>();
    };
    return s;
  }
  std::ptrdiff_t at(const std::string &event) const {
    return std::find(events.begin(), events.end(), event) - events.begin();
  }
};

GraphStep failing(std::string name, Error error) {
  GraphStep s;
  s.name = std::move(name);
  s.run = [error]() -> asio::awaitable<Result<void>> { co_return error; };
  return s;
}

GraphStep endless(std::string name, bool &cancelled) {
  GraphStep s;
  s.name = std::move(name);
  s.run = [&cancelled]() -> asio::awaitable<Result<void>> {
    const bool slept = co_await sleep_for(1h);
    cancelled = !slept;
    co_return Error(Code::cancelled, "cancelled");
  };
  return s;
}

Result<void> run_graph(Graph &graph) {
  asio::io_context io;
  test::SilentProgress progress;
  timing::Recorder timing;
  return test::run<void>(io, [&] { return graph.run(progress, timing); });
}

} // namespace

TEST_CASE("a step starts when what it comes after has ended, and not later") {
  Trace trace;
  Graph graph;
  graph.add(trace.step("d", {"b", "c"}));
  graph.add(trace.step("a", {}));
  graph.add(trace.step("b", {"a"}));
  graph.add(trace.step("c", {}));
  REQUIRE(run_graph(graph));
  CHECK(trace.at("-a") < trace.at("+b"));
  CHECK(trace.at("-b") < trace.at("+d"));
  CHECK(trace.at("-c") < trace.at("+d"));
  CHECK(trace.at("+c") < trace.at("-a")); // independent ones overlap
}

TEST_CASE("a milestone is reached from inside another step, before that step ends") {
  Trace trace;
  Graph graph;
  GraphStep nodes;
  nodes.name = "nodes";
  nodes.run = [&]() -> asio::awaitable<Result<void>> {
    graph.reached("node:a");
    graph.reached("node:unknown");
    co_await sleep_for(5ms);
    trace.events.push_back("-nodes");
    co_return Result<void>();
  };
  graph.add(std::move(nodes));
  GraphStep milestone;
  milestone.name = "node:a";
  graph.add(std::move(milestone));
  graph.add(trace.step("bootstrap", {"node:a"}));
  REQUIRE(run_graph(graph));
  CHECK(trace.at("-bootstrap") < trace.at("-nodes"));
}

TEST_CASE("when a step fails the others are cancelled and only the failure is reported") {
  bool cancelled = false;
  Graph graph;
  graph.add(endless("endless", cancelled));
  graph.add(failing("broken", Error(Code::not_found, "no such image")));
  const auto result = run_graph(graph);
  REQUIRE_FALSE(result);
  CHECK(cancelled);
  CHECK(result.error().code == Code::not_found);
  CHECK(result.error().message.find("no such image") != std::string::npos);
}

TEST_CASE("when two steps fail at once both are reported") {
  Graph graph;
  graph.add(failing("one", Error(Code::not_found, "first reason")));
  graph.add(failing("two", Error(Code::unavailable, "second reason")));
  const auto result = run_graph(graph);
  REQUIRE_FALSE(result);
  std::string all = result.error().message;
  for (const auto &cause : result.error().causes)
    all += "\n" + cause.message;
  CHECK(all.find("first reason") != std::string::npos);
  CHECK(all.find("second reason") != std::string::npos);
}

TEST_CASE("circles, unknown names and double names are refused by name") {
  Trace trace;
  Graph circle;
  circle.add(trace.step("a", {"b"}));
  circle.add(trace.step("b", {"a"}));
  CHECK(circle.order().error().message.find("a, b") != std::string::npos);
  Graph unknown;
  unknown.add(trace.step("a", {"nowhere"}));
  CHECK(unknown.order().error().message.find("'nowhere'") != std::string::npos);
  Graph twice;
  twice.add(trace.step("a", {}));
  twice.add(trace.step("a", {}));
  CHECK(twice.order().error().message.find("twice") != std::string::npos);
}

TEST_CASE("steps of an earlier graph may be depended on") {
  Trace trace;
  Graph graph({"plan"});
  graph.add(trace.step("nodes", {"plan"}));
  CHECK(run_graph(graph));
}

TEST_CASE("a milestone that nobody reached is a failure that names it") {
  Trace trace;
  Graph graph;
  graph.add(trace.step("nodes", {}));
  GraphStep milestone;
  milestone.name = "node:a";
  graph.add(std::move(milestone));
  const auto result = run_graph(graph);
  REQUIRE_FALSE(result);
  CHECK(result.error().message.find("node:a") != std::string::npos);
}
