// SPDX-License-Identifier: Apache-2.0
#include "timing/timing.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <unistd.h>

using namespace ksail;
using namespace ksail::timing;
using namespace std::chrono_literals;

namespace {

class Folder {
public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "ksail-timing-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string &name) const { return path_ + "/" + name; }

private:
  std::string path_;
};

std::string shell(const std::string &command) {
  std::array<char, 256> buffer{};
  std::string out;
  FILE *pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  while (std::fgets(buffer.data(), buffer.size(), pipe))
    out += buffer.data();
  ::pclose(pipe);
  return out;
}

CommandSummary creation(std::string distribution, double seconds, bool failed = false) {
  CommandSummary summary;
  summary.command = "cluster create";
  summary.distribution = std::move(distribution);
  summary.provider = "Docker";
  summary.cluster = "dev";
  summary.seconds = seconds;
  summary.failed = failed;
  return summary;
}

Span span(std::string name, Clock::time_point origin, std::chrono::milliseconds from, std::chrono::milliseconds to,
          std::vector<std::string> after = {}) {
  Span s;
  s.phase = "nodes";
  s.name = std::move(name);
  s.start = origin + from;
  s.end = origin + to;
  s.after = std::move(after);
  return s;
}

std::vector<std::string> names(const std::vector<Span> &spans) {
  std::vector<std::string> result;
  for (const auto &s : spans)
    result.push_back(s.name);
  return result;
}

} // namespace

TEST_CASE("the two one-liners of the documentation work on a log with everything in it") {
  Folder folder;
  const auto log = folder.file("timing.log");
  const auto now = std::chrono::system_clock::now();
  CommandSummary removal = creation("Vanilla", 3);
  removal.command = "cluster delete";
  CommandSummary odd_name = creation("Vanilla", 1, true);
  odd_name.cluster = "cluster create Vanilla";
  REQUIRE(append_line(log, log_line(creation("Vanilla", 10), now)));
  REQUIRE(append_line(log, log_line(creation("Vanilla", 900, true), now)));
  REQUIRE(append_line(log, log_line(removal, now)));
  REQUIRE(append_line(log, log_line(odd_name, now)));
  REQUIRE(append_line(log, log_line(creation("Vanilla", 20.5), now)));
  REQUIRE(append_line(log, log_line(creation("K3s", 4.25), now)));

  CHECK(shell("grep \"cluster create\" " + log + " | awk '{print $NF}'") == "10.000\n20.500\n4.250\n");
  CHECK(shell("grep \"Vanilla\" " + log + " | awk '{sum+=$NF; count++} END {print sum/count}'") == "15.25\n");
}

TEST_CASE("a failed creation is logged under other words") {
  const auto line = log_line(creation("Talos", 7, true), std::chrono::system_clock::now());
  CHECK(line.find("cluster create") == std::string::npos);
  CHECK(line.find("Talos") == std::string::npos);
  CHECK(line.find("cluster creation failed") != std::string::npos);
  CHECK(line.substr(line.rfind(' ')) == " 7.000");
}

TEST_CASE("lines appended by many threads at once stay whole") {
  Folder folder;
  const auto log = folder.file("timing.log");
  std::vector<std::thread> writers;
  for (int i = 0; i < 8; ++i)
    writers.emplace_back([&, i] {
      for (int j = 0; j < 50; ++j)
        if (!append_line(log, std::string(200, static_cast<char>('a' + i)))) std::abort();
    });
  for (auto &writer : writers)
    writer.join();
  std::ifstream in(log);
  std::string line;
  int count = 0;
  while (std::getline(in, line)) {
    REQUIRE(line == std::string(200, line.at(0)));
    ++count;
  }
  CHECK(count == 400);
}

TEST_CASE("a timing file that cannot be written is an error that names it") {
  const auto result = append_line("/nowhere/at/all/timing.log", "x");
  REQUIRE_FALSE(result);
  CHECK(result.error().message.find("/nowhere/at/all/timing.log") != std::string::npos);
}

TEST_CASE("the critical path follows the predecessor that ended last") {
  const auto t = Clock::now();
  const std::vector<Span> spans = {span("preflight", t, 0ms, 10ms), span("prefetch", t, 10ms, 100ms, {"preflight"}),
                                   span("infrastructure", t, 10ms, 50ms, {"preflight"}),
                                   span("nodes", t, 101ms, 300ms, {"prefetch", "infrastructure"}),
                                   span("side", t, 101ms, 250ms, {"prefetch"})};
  CHECK(names(critical_path(spans)) == std::vector<std::string>{"preflight", "prefetch", "nodes"});
}

TEST_CASE("a step without recorded predecessors comes after what had ended when it started") {
  const auto t = Clock::now();
  const std::vector<Span> spans = {span("plan", t, 0ms, 10ms), span("node:a", t, 11ms, 40ms, {}),
                                   span("ready", t, 40ms, 90ms, {"node:a", "elsewhere"})};
  CHECK(names(critical_path(spans)) == std::vector<std::string>{"plan", "node:a", "ready"});
}

TEST_CASE("the critical path of nothing is empty, and what has not ended is not on it") {
  CHECK(critical_path({}).empty());
  const auto t = Clock::now();
  std::vector<Span> spans = {span("done", t, 0ms, 10ms), span("running", t, 10ms, 20ms, {"done"})};
  spans[1].end.reset();
  CHECK(names(critical_path(spans)) == std::vector<std::string>{"done"});
}

TEST_CASE("the table fits the width, marks the critical path and failures") {
  const auto t = Clock::now();
  std::vector<Span> spans = {span("preflight", t, 0ms, 10ms),
                             span("node:a-very-long-name-of-a-cluster-with-many-letters-worker2", t, 10ms, 3000ms),
                             span("side", t, 10ms, 20ms)};
  spans[2].failed = true;
  for (const unsigned width : {40u, 60u, 80u, 200u}) {
    const auto text = table(spans, 3.01, width);
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line))
      CHECK(line.size() <= width);
    CHECK(text.find("* nodes") != std::string::npos);
    CHECK(text.find("! nodes") != std::string::npos);
    CHECK(text.find("3.010 s") != std::string::npos);
  }
  CHECK(table(spans, 3.01, 80).find("worker2") != std::string::npos);
}

TEST_CASE("the word that /usr/bin/time prints is not in the table") {
  const auto t = Clock::now();
  CHECK(table({span("a", t, 0ms, 1ms)}, 1, 80).find("lapsed") == std::string::npos);
}

TEST_CASE("JSON lines hold every span and the command, each an object of its own") {
  Recorder recorder;
  {
    Scope scope(recorder, "nodes", "node:dev", {"plan"});
    scope.fail();
  }
  const auto id = recorder.begin("ready", "dns");
  recorder.attribute(id, "image", "bytes \xff that are no UTF-8");
  recorder.end(id);
  recorder.begin("ready", "never ended");
  std::istringstream lines(json_lines(creation("Vanilla", 12.3456), recorder));
  std::vector<nlohmann::json> values;
  std::string line;
  while (std::getline(lines, line))
    values.push_back(nlohmann::json::parse(line));
  REQUIRE(values.size() == 4);
  CHECK(values[0]["kind"] == "Span");
  CHECK(values[0]["failed"] == true);
  CHECK(values[0]["after"] == nlohmann::json::array({"plan"}));
  CHECK(values[1]["attributes"].contains("image"));
  CHECK_FALSE(values[2].contains("end"));
  CHECK(values[3]["kind"] == "Command");
  CHECK(values[3]["seconds"] == 12.346);
}

TEST_CASE("spans may be recorded from several threads, and end only once") {
  Recorder recorder;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 100; ++j)
        recorder.end(recorder.begin("p", "s"));
    });
  for (auto &thread : threads)
    thread.join();
  CHECK(recorder.spans().size() == 400);
  const auto id = recorder.begin("p", "once");
  recorder.end(id, true);
  const auto first = *recorder.spans()[id].end;
  recorder.end(id, false);
  CHECK(*recorder.spans()[id].end == first);
  CHECK(recorder.spans()[id].failed);
}
