// SPDX-License-Identifier: Apache-2.0
#include "engine_error.hpp"
#include "engine_event.hpp"
#include "host_facts.hpp"
#include "image_pull.hpp"
#include "log_lines.hpp"
#include "pull_progress.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::docker;
using nlohmann::json;

TEST_CASE("statuses and messages of the engine become codes") {
  struct Case {
    int status;
    const char *message;
    Code code;
    bool retryable;
  };
  const Case cases[] = {
      {400, "invalid", Code::invalid_argument, false},
      {404, "No such container: x", Code::not_found, false},
      {409, "Conflict. The container name \"/x\" is already in use by container \"y\"", Code::already_exists, false},
      {409, "Container x is not running", Code::failed_precondition, false},
      {409, "removal of container x is already in progress", Code::aborted, true},
      {429, "slow down", Code::resource_exhausted, true},
      {500, "write /x: no space left on device", Code::resource_exhausted, false},
      {500, "driver failed programming: Bind for 127.0.0.1:1 failed: port is already allocated", Code::already_exists,
       false},
      {500, "something", Code::internal, false},
      {501, "no", Code::unimplemented, false},
      {503, "starting", Code::unavailable, true},
  };
  for (const auto &c : cases) {
    const auto error = engine_error("do it", c.status, json{{"message", c.message}}.dump());
    INFO(c.message);
    CHECK(error.code == c.code);
    CHECK(error.retryable == c.retryable);
    CHECK(error.message == "cannot do it: " + std::string(c.message));
  }
  CHECK(engine_error("do it", 500, "plain text\n").message == "cannot do it: plain text");
  CHECK(engine_error("do it", 502, "").message.find("502") != std::string::npos);
}

TEST_CASE("conflicts about ports, addresses and ranges are told apart") {
  CHECK(is_port_conflict("Error starting userland proxy: listen tcp4 127.0.0.1:80: bind: address already in use"));
  CHECK(is_port_conflict("failed to bind host port for 127.0.0.1:80:172.18.0.2:80/tcp: address already in use"));
  CHECK_FALSE(is_port_conflict("Address already in use"));
  CHECK(is_range_conflict("Pool overlaps with other one on this address space"));
  CHECK_FALSE(is_range_conflict("network with name x already exists"));
}

TEST_CASE("progress of a pull is added up over layers") {
  PullProgress progress;
  CHECK_FALSE(progress.feed(R"({"status":"Pulling from library/x","id":"1.36"})"));
  CHECK(progress.feed(R"({"status":"Downloading","progressDetail":{"current":10,"total":100},"id":"a"})"));
  CHECK(progress.feed(R"({"status":"Downloading","progressDetail":{"current":5,"total":50},"id":"b"})"));
  CHECK(progress.done() == 15);
  CHECK(progress.total() == 150);
  CHECK(progress.feed(R"({"status":"Download complete","progressDetail":{},"id":"a"})"));
  CHECK_FALSE(progress.feed(R"({"status":"Pull complete","progressDetail":{},"id":"a"})"));
  CHECK_FALSE(progress.feed(R"({"status":"Extracting","progressDetail":{"current":1,"total":9},"id":"a"})"));
  CHECK(progress.done() == 105);
  CHECK_FALSE(progress.feed("garbage"));
  CHECK_FALSE(progress.error());
  progress.feed(R"({"errorDetail":{"message":"unexpected EOF"},"error":"unexpected EOF"})");
  CHECK(*progress.error() == "unexpected EOF");
}

TEST_CASE("failed pulls say what to do") {
  CHECK(pull_error("x:1", "Get \"https://r/v2/\": dial tcp: lookup r: no such host", false).code == Code::not_found);
  CHECK(pull_error("x:1", "manifest for x:1 not found: manifest unknown", false).code == Code::not_found);
  CHECK(pull_error("x:1", "unauthorized: authentication required", false).code == Code::unauthenticated);
  CHECK(pull_error("x:1", "toomanyrequests: limit", false).retryable);
  const auto broken = pull_error("x:1", "unexpected EOF", true);
  CHECK(broken.code == Code::unavailable);
  CHECK(broken.retryable);
  CHECK(pull_error("x:1", "cannot pull image x:1: dial tcp", false).message ==
        "image x:1 is not on the engine and cannot be pulled: dial tcp");
}

TEST_CASE("events about nodes are passed on, the noise is not") {
  const auto died = node_event(
      R"({"Type":"container","Action":"die","Actor":{"ID":"a","Attributes":{"name":"dev-a","exitCode":"137"}}})");
  REQUIRE(died);
  CHECK(*died == json({{"event", "node"}, {"name", "dev-a"}, {"action", "die"}, {"exit_code", 137}}));
  const auto health =
      node_event(R"({"Type":"container","Action":"health_status: healthy","Actor":{"Attributes":{"name":"dev-a"}}})");
  REQUIRE(health);
  CHECK((*health)["health"] == "healthy");
  CHECK_FALSE(node_event(R"({"Type":"container","Action":"exec_create: sh","Actor":{"Attributes":{"name":"dev-a"}}})"));
  CHECK_FALSE(node_event(R"({"Type":"network","Action":"connect"})"));
  CHECK_FALSE(node_event("garbage"));
}

TEST_CASE("a line is found in pieces, through terminal escapes, even before it ends") {
  const std::string log =
      "starting\r\n[\x1b[0;32m  OK  \x1b[0m] Reached target \x1b[0;1;39mMulti-User System\x1b[0m.\r\n";
  auto matcher = LineMatcher::make("Reached target .*Multi-User System.*|gave up");
  REQUIRE(matcher);
  std::size_t at = 0;
  while (at < log.size() && !matcher->feed(std::string_view(log).substr(at, 1)))
    ++at;
  CHECK(at < log.size() - 1);
  CHECK(at > 40);
  auto never = LineMatcher::make("^OK$");
  CHECK_FALSE(never->feed(log));
  CHECK_FALSE(never->feed(std::string(100000, 'x') + "\nnot OK\n"));
  CHECK(never->feed("OK\n"));
  CHECK(LineMatcher::make("(").error().code == Code::invalid_argument);
}

TEST_CASE("facts of the host are read from the engine's information") {
  const json info =
      json::parse(R"({"Driver":"overlay2","DriverStatus":[["Backing Filesystem","extfs"]],"CgroupVersion":"1",
    "CgroupDriver":"cgroupfs","NCPU":2,"MemTotal":1000,"Architecture":"x86_64","KernelVersion":"6.1","ServerVersion":"20.10.24",
    "SecurityOptions":["name=seccomp,profile=default"],"IPv4Forwarding":true})");
  CHECK(host_facts(info, "1.41") ==
        json::parse(R"({"arch":"x86_64","cpus":2,"memory_bytes":1000,"cgroup_version":1,"kernel":"6.1",
    "engine":"20.10.24","api":"1.41","rootless":false,"backing_filesystem":"ext4","storage_driver":"overlay2"})"));
  CHECK(host_warnings(info).empty());
  const json rootless = json::parse(
      R"({"CgroupVersion":"2","MemoryLimit":false,"SecurityOptions":["name=rootless"],"IPv4Forwarding":false,"Driver":"vfs"})");
  CHECK(is_rootless(rootless));
  CHECK(host_warnings(rootless).size() == 3);
  CHECK(host_facts(json::object(), "").at("cgroup_version") == 2);
}
