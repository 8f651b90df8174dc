// SPDX-License-Identifier: Apache-2.0
// The plugins that are built here: they pass what everybody's have to pass.
#include "plugin_directory.hpp"

#include <boost/asio/cancellation_signal.hpp>

using namespace ksail;
using namespace ksail::plugins;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

void check_all(const fs::path &manifest) {
  const auto report = verify(manifest);
  REQUIRE(report);
  for (const auto &check : report->checks) {
    INFO(manifest << ": " << check.name << ": " << check.message);
    CHECK(check.ok);
  }
}

json node(const char *name, const char *boot_ms) {
  return {{"name", name}, {"role", "worker"}, {"image", "none"}, {"env", {{"EXAMPLE_BOOT_MS", boot_ms}}}};
}

} // namespace

TEST_CASE("every plugin of this build verifies, and exports its entry alone") {
  SearchPath path;
  path.dirs.emplace_back(fs::path(KSAIL_PLUGINS_DIR));
  path.dirs.emplace_back(fs::path(KSAIL_EXAMPLE_DIR));
  const auto all = discover(path);
  REQUIRE(!all.empty());
  for (const auto &found : all) {
    INFO(found.manifest_path);
    REQUIRE(found.manifest);
    // A plugin whose target was not built yet has a manifest only.
    if (fs::exists(found.library_path)) check_all(found.manifest_path);
  }
}

TEST_CASE("the example provider makes, lists, enters and removes nodes") {
  const PluginDirectory directory(KSAIL_EXAMPLE_DIR, "example");
  LoadedFake example(directory);
  CHECK(example.call("describe")->body["provider"] == "Example");
  CHECK(example.call("ensure_infrastructure", {{"cluster", "dev"}})->body["network"]["subnet"] == "192.0.2.0/24");
  std::vector<std::string> events;
  const json create = {{"operation_id", "one"},
                       {"cluster", "dev"},
                       {"nodes", json::array({node("dev-\"a\"-\u00fc", "1"), node("dev-b", "1")})}};
  const auto made =
      example.call("create_nodes", create, Deadline::never(), [&](const json &event, const std::vector<Blob> &) {
        events.push_back(event.at("name").get<std::string>());
      });
  REQUIRE(made);
  CHECK(made->body["nodes"].size() == 2);
  CHECK(events == std::vector<std::string>{"dev-\"a\"-\u00fc", "dev-b"});
  CHECK(example.call("create_nodes", create).has_value()); // the same operation again is harmless
  json other = create;
  other["operation_id"] = "two";
  CHECK(example.call("create_nodes", other).error().code == Code::already_exists);
  const auto seen = example.call("observe", {{"cluster", "dev"}});
  REQUIRE(seen);
  CHECK(seen->body["nodes"].size() == 2);
  CHECK(seen->body["nodes"][0]["name"] == "dev-\"a\"-\u00fc");
  CHECK(seen->body["nodes"][1]["state"] == "running");
  const auto said = example.call("exec", {{"cluster", "dev"}, {"node", "dev-b"}, {"argv", {"echo", "a\nb"}}});
  REQUIRE(said);
  CHECK(said->body["exit_code"] == 0);
  CHECK(*said->blob("stdout") == "echo a\nb\n");
  CHECK(example.call("exec", {{"cluster", "dev"}, {"node", "no"}}).error().code == Code::not_found);
  CHECK(example.call("stop_nodes", {{"cluster", "dev"}})->body["nodes"][0]["state"] == "exited");
  CHECK(example.call("destroy", {{"cluster", "dev"}})->body["removed"]["nodes"] == 2);
  CHECK(example.call("destroy", {{"cluster", "dev"}})->body["removed"]["nodes"] == 0);
  CHECK(example.call("observe", json::object())->body["nodes"].empty());
  CHECK(example.call("observe").has_value());
  CHECK(example.call("destroy").error().code == Code::invalid_argument);
  CHECK(example.call("fly").error().code == Code::unimplemented);
  CHECK(example.services().count("misbehaves") == 0);
}

TEST_CASE("the example provider gives up when it is told to") {
  const PluginDirectory directory(KSAIL_EXAMPLE_DIR, "example");
  LoadedFake example(directory);
  const json slow = {{"cluster", "dev"}, {"nodes", json::array({node("dev-a", "3600000")})}};
  SECTION("deadline") {
    const auto late = example.call("create_nodes", slow, Deadline::after(std::chrono::milliseconds(10)));
    REQUIRE(!late);
    CHECK(late.error().code == Code::deadline_exceeded);
  }
  SECTION("shutdown") {
    std::optional<Result<Reply>> reply;
    auto ended = [&reply](std::exception_ptr, Result<Reply> result) { reply.emplace(std::move(result)); };
    asio::co_spawn(example.context(), example.provider().call("create_nodes", slow, Deadline::never()), ended);
    example.context().poll();
    example.shutdown(std::chrono::seconds(5));
    example.context().restart();
    example.context().run();
    REQUIRE(reply);
    CHECK(reply->error().code == Code::cancelled);
    CHECK(example.services().count("misbehaves") == 0);
  }
  CHECK(true);
}
