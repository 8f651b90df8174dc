// SPDX-License-Identifier: Apache-2.0
// What happens between the plugin and an engine that is not as it should be.
#include "docker_provider.hpp"
#include "fake_engine.hpp"
#include "run_coroutine.hpp"
#include "temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

using namespace ksail;
using namespace ksail::docker;
using ksail::test::FakeEngine;
using nlohmann::json;

namespace {

struct SilentHost final : sdk::Host {
  bool log_enabled(int) const override { return false; }
  void log(int, std::string_view) const override {}
  std::optional<std::string> secret(std::string_view) const override { return std::nullopt; }
  void redact(std::string_view) const override {}
};

struct RecordingContext final : sdk::Context {
  Deadline deadline() const override { return Deadline::after(std::chrono::seconds(20)); }
  void event(const json &event, const std::vector<sdk::Blob> &) override { events.push_back(event); }
  using sdk::Context::event;
  std::vector<json> events;
};

/// The verbs against an engine at `host`.
class Plugin {
public:
  explicit Plugin(const std::string &host)
      : verbs_(io_.get_executor(), host_, test::variables({{"HOME", "/nonexistent"}, {"DOCKER_HOST", host}})) {}
  Result<sdk::Reply> call(VerbResult (*verb)(Verbs &, sdk::Request, sdk::Context &), const std::string &name,
                          json body) {
    sdk::Request request;
    request.verb = name;
    request.operation_id = "op-1";
    request.body = std::move(body);
    std::function<VerbResult()> work = [&] { return verb(verbs_, request, context); };
    return test::run<sdk::Reply>(io_, work);
  }
  RecordingContext context;

private:
  asio::io_context io_;
  SilentHost host_;
  Verbs verbs_;
};

std::string path_of(const std::string &target) {
  const auto query = target.find('?');
  return target.substr(0, query);
}

std::string error_body(const std::string &message) { return json{{"message", message}}.dump(); }

} // namespace

TEST_CASE("observing is one call, and what the engine says is shown") {
  test::TemporaryFolder folder;
  FakeEngine engine(folder.path() / "s", [](const FakeEngine::Seen &) {
    return FakeEngine::answer(200,
                              R"([{"Id":"a","Names":["/dev-a"],"State":"running","Labels":{"ksail.cluster":"dev"}}])");
  });
  Plugin plugin(engine.address());
  const auto reply = plugin.call(observe, "observe", {{"cluster", "dev"}});
  REQUIRE(reply);
  CHECK(reply->body["nodes"][0]["name"] == "dev-a");
  REQUIRE(engine.seen().size() == 1);
  CHECK(engine.seen()[0].target ==
        "/v1.41/containers/json?all=1&filters=%7B%22label%22%3A%5B%22ksail.cluster%3Ddev%22%5D%7D");
}

TEST_CASE("an engine that wants a newer API gets it, once and for all") {
  test::TemporaryFolder folder;
  FakeEngine engine(folder.path() / "s", [](const FakeEngine::Seen &seen) {
    if (seen.target.starts_with("/v1.41/"))
      return FakeEngine::answer(
          400, error_body("client version 1.41 is too old. Minimum supported API version is 1.44, please upgrade"));
    return FakeEngine::answer(200, "[]");
  });
  Plugin plugin(engine.address());
  REQUIRE(plugin.call(observe, "observe", json::object()));
  REQUIRE(plugin.call(observe, "observe", json::object()));
  REQUIRE(engine.seen().size() == 3);
  CHECK(engine.seen()[1].target.starts_with("/v1.44/"));
  CHECK(engine.seen()[2].target.starts_with("/v1.44/"));
}

TEST_CASE("an engine that is too old is refused by version") {
  test::TemporaryFolder folder;
  FakeEngine engine(folder.path() / "s", [](const FakeEngine::Seen &) {
    return FakeEngine::answer(400, error_body("client version 1.41 is too new. Maximum supported API version is 1.39"));
  });
  const auto reply = Plugin(engine.address()).call(observe, "observe", json::object());
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == Code::failed_precondition);
  CHECK(reply.error().hint.find("20.10") != std::string::npos);
}

TEST_CASE("an engine that is not there is named, with a way out and without a retry") {
  test::TemporaryFolder folder;
  const std::string host = "unix://" + (folder.path() / "nowhere").string();
  const auto absent = Plugin(host).call(observe, "observe", json::object());
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == Code::unavailable);
  CHECK_FALSE(absent.error().retryable);
  CHECK(absent.error().message == "cannot connect to the Docker engine at " + host + ": No such file or directory");
  CHECK(absent.error().hint.find("DOCKER_HOST") != std::string::npos);
  // A socket that nobody listens at any more.
  {
    FakeEngine gone(folder.path() / "dead", [](const FakeEngine::Seen &) { return std::string(); });
  }
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const std::string dead = folder.path() / "dead";
  std::memcpy(name.sun_path, dead.c_str(), dead.size() + 1);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr *>(&name), sizeof name) == 0);
  ::close(fd);
  const auto refused = Plugin("unix://" + dead).call(observe, "observe", json::object());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::unavailable);
  CHECK_FALSE(refused.error().retryable);
  CHECK(refused.error().message.find("Connection refused") != std::string::npos);
  const auto tcp = Plugin("tcp://127.0.0.1:1").call(validate, "validate", {{"cluster", "dev"}});
  REQUIRE_FALSE(tcp);
  CHECK(tcp.error().message.starts_with("cannot connect to the Docker engine at tcp://127.0.0.1:1: "));
  CHECK_FALSE(tcp.error().retryable);
  CHECK(tcp.error().causes.empty()); // two questions, one answer
  const auto diagnosis = Plugin(host).call(diagnose, "diagnose", json::object());
  REQUIRE(diagnosis);
  CHECK(diagnosis->body["checks"][0]["status"] == "fail");
}

TEST_CASE("a connection lost on the way is worth a repetition, and what may have happened is marked") {
  test::TemporaryFolder folder;
  FakeEngine engine(folder.path() / "s", [](const FakeEngine::Seen &seen) {
    if (path_of(seen.target) == "/v1.41/networks") return FakeEngine::answer(200, "[]");
    return std::string();
  });
  Plugin plugin(engine.address());
  const auto read = plugin.call(observe, "observe", json::object());
  REQUIRE_FALSE(read);
  CHECK(read.error().code == Code::unavailable);
  CHECK(read.error().retryable);
  CHECK_FALSE(read.error().outcome_unknown);
  const auto written = plugin.call(ensure_infrastructure, "ensure_infrastructure", {{"cluster", "dev"}});
  REQUIRE_FALSE(written);
  CHECK(written.error().retryable);
  CHECK(written.error().outcome_unknown);
  CHECK(written.error().message.find("make network ksail-dev") != std::string::npos);
}

namespace {
/// Networks ksail-dev of cluster dev with these ids, each made a second after the one before.
std::string made_networks(const std::vector<std::string> &ids, const std::string &subnet = "172.30.0.0/24") {
  json networks = json::array();
  for (const auto &id : ids) {
    json network = {{"Id", id}, {"Name", "ksail-dev"}, {"Labels", {{"ksail.cluster", "dev"}}}};
    network["Created"] = "2026-01-01T00:00:0" + std::to_string(networks.size()) + "Z";
    network["IPAM"]["Config"] = json::array({{{"Subnet", subnet}, {"Gateway", "172.30.0.1"}}});
    networks.push_back(std::move(network));
  }
  return networks.dump();
}
} // namespace

TEST_CASE("of two networks that two creations make at the same moment the older one stays") {
  test::TemporaryFolder folder;
  const std::string ours = GENERATE("first", "second");
  FakeEngine engine(folder.path() / "s", [&](const FakeEngine::Seen &seen) {
    if (seen.method == "POST") return FakeEngine::answer(201, json{{"Id", ours}}.dump());
    if (seen.method == "DELETE") return FakeEngine::answer(204, "");
    const bool made = seen.target.find("filters=") != std::string::npos;
    return FakeEngine::answer(200, made ? made_networks({"first", "second"}) : "[]");
  });
  Plugin plugin(engine.address());
  const auto reply = plugin.call(ensure_infrastructure, "ensure_infrastructure", {{"cluster", "dev"}});
  REQUIRE(reply);
  CHECK(reply->body["network"]["id"] == "first");
  std::vector<std::string> removed;
  for (const auto &seen : engine.seen())
    if (seen.method == "DELETE") removed.push_back(path_of(seen.target));
  CHECK(removed == (ours == "first" ? std::vector<std::string>{} : std::vector<std::string>{"/v1.41/networks/second"}));
}

TEST_CASE("a network takes the next range when the engine refuses one, and the bridge's MTU") {
  test::TemporaryFolder folder;
  int refusals = 2;
  std::string accepted;
  FakeEngine engine(folder.path() / "s", [&](const FakeEngine::Seen &seen) {
    if (seen.target.find("/networks?filters=") != std::string::npos)
      return FakeEngine::answer(200, made_networks({"n1"}, accepted));
    if (path_of(seen.target) == "/v1.41/networks")
      return FakeEngine::answer(
          200, R"([{"Name":"bridge","Options":{"com.docker.network.driver.mtu":"1400"},"IPAM":{"Config":null}}])");
    if (refusals-- > 0)
      return FakeEngine::answer(403, error_body("Pool overlaps with other one on this address space"));
    accepted = json::parse(seen.body)["IPAM"]["Config"][0]["Subnet"];
    return FakeEngine::answer(201, R"({"Id":"n1"})");
  });
  Plugin plugin(engine.address());
  const auto reply = plugin.call(ensure_infrastructure, "ensure_infrastructure",
                                 {{"cluster", "dev"}, {"labels", {{"ksail.version", "1"}}}});
  REQUIRE(reply);
  std::vector<std::string> tried;
  for (const auto &seen : engine.seen())
    if (seen.method == "POST") {
      const json body = json::parse(seen.body);
      tried.push_back(body["IPAM"]["Config"][0]["Subnet"]);
      CHECK(body["Options"]["com.docker.network.driver.mtu"] == "1400");
      CHECK(body["Labels"] == json({{"ksail.cluster", "dev"}, {"ksail.version", "1"}}));
    }
  REQUIRE(tried.size() == 3);
  CHECK(tried[0] != tried[1]);
  CHECK(tried[1] != tried[2]);
  CHECK(reply->body["network"]["subnet"] == tried[2]);
}

TEST_CASE("a network of somebody else is not used") {
  test::TemporaryFolder folder;
  FakeEngine engine(folder.path() / "s", [](const FakeEngine::Seen &) {
    return FakeEngine::answer(
        200, R"([{"Name":"ksail-dev","Id":"x","Labels":null,"IPAM":{"Config":[{"Subnet":"10.0.0.0/24"}]}}])");
  });
  const auto reply =
      Plugin(engine.address()).call(ensure_infrastructure, "ensure_infrastructure", {{"cluster", "dev"}});
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == Code::already_exists);
}

TEST_CASE("a port that is taken at the last moment is exchanged for another one, once") {
  test::TemporaryFolder folder;
  int starts = 0;
  const int conflicts = GENERATE(1, 2);
  FakeEngine engine(folder.path() / "s", [&](const FakeEngine::Seen &seen) {
    if (seen.target.find("/containers/create") != std::string::npos) return FakeEngine::answer(201, R"({"Id":"c1"})");
    if (seen.target.ends_with("/start") && starts++ < conflicts)
      return FakeEngine::answer(500,
                                error_body("driver failed: Bind for 127.0.0.1:1 failed: port is already allocated"));
    return FakeEngine::answer(204, "");
  });
  Plugin plugin(engine.address());
  json node = {{"name", "dev-a"}, {"role", "worker"}, {"image", "img:1"}, {"address", "172.28.0.2"}};
  node["ports"] = {{{"container", 80}}};
  json body = {{"cluster", "dev"}, {"network", "ksail-dev"}, {"nodes", json::array({node})}};
  const auto reply = plugin.call(create_nodes, "create_nodes", body);
  std::vector<std::string> ports;
  for (const auto &seen : engine.seen())
    if (seen.target.find("/containers/create") != std::string::npos)
      ports.push_back(json::parse(seen.body)["HostConfig"]["PortBindings"]["80/tcp"][0]["HostPort"]);
  REQUIRE(ports.size() == 2);
  if (conflicts == 1) {
    REQUIRE(reply);
    CHECK(std::to_string(reply->body["nodes"][0]["ports"][0]["host_port"].get<int>()) == ports[1]);
  } else {
    REQUIRE_FALSE(reply);
    CHECK(reply.error().code == Code::already_exists);
  }
}

TEST_CASE("of several nodes that fail, every failure is told") {
  test::TemporaryFolder folder;
  std::mutex mutex;
  FakeEngine engine(folder.path() / "s", [&](const FakeEngine::Seen &seen) {
    const std::lock_guard one_by_one(mutex);
    if (seen.method == "GET")
      return FakeEngine::answer(
          200, R"([{"Id":"a","Names":["/dev-a"]},{"Id":"b","Names":["/dev-b"]},{"Id":"c","Names":["/dev-c"]}])");
    if (seen.target.find("/a/") != std::string::npos) return FakeEngine::answer(304, "");
    return FakeEngine::answer(500, error_body("broken"));
  });
  Plugin plugin(engine.address());
  const auto reply = plugin.call(start_nodes, "start_nodes", {{"cluster", "dev"}});
  REQUIRE_FALSE(reply);
  CHECK(reply.error().causes.size() == 1);
  CHECK(plugin.context.events.size() == 1);
}

TEST_CASE("a container that appears while its cluster is destroyed is removed, too") {
  test::TemporaryFolder folder;
  std::mutex mutex;
  bool volume = true, container = false, network = true;
  FakeEngine engine(folder.path() / "s", [&](const FakeEngine::Seen &seen) {
    const std::lock_guard one_by_one(mutex);
    const std::string path = path_of(seen.target);
    if (seen.method == "GET") {
      if (path == "/v1.41/containers/json")
        return FakeEngine::answer(200, container ? R"([{"Id":"c","Names":["/dev-a"]}])" : "[]");
      if (path == "/v1.41/volumes")
        return FakeEngine::answer(200, volume ? R"({"Volumes":[{"Name":"v"}]})" : R"({"Volumes":null})");
      return FakeEngine::answer(200, network ? R"([{"Id":"n","Name":"ksail-dev"}])" : "[]");
    }
    if (path == "/v1.41/containers/c") {
      container = volume = false;
      return FakeEngine::answer(204, "");
    }
    if (path == "/v1.41/volumes/v" && volume) {
      container = true; // its container is being made, and is listed from now on
      return FakeEngine::answer(409, error_body("volume is in use"));
    }
    if (path == "/v1.41/networks/n") network = false;
    return FakeEngine::answer(204, "");
  });
  Plugin plugin(engine.address());
  const auto reply = plugin.call(destroy, "destroy", {{"cluster", "dev"}});
  REQUIRE(reply);
  CHECK(reply->body["removed"]["nodes"] == 1);
  CHECK(reply->body["removed"]["networks"] == 1);
  CHECK_FALSE(container);
  CHECK_FALSE(volume);
}

TEST_CASE("a network that another creation of the cluster uses is left alone by a roll-back") {
  test::TemporaryFolder folder;
  // By what it holds, and, before its node is started, by the node itself.
  const std::string shown_by = GENERATE("network", "label%22%3A%5B%22ksail.cluster%3Ddev%22%5D");
  FakeEngine engine(folder.path() / "s", [&](const FakeEngine::Seen &seen) {
    const std::string path = path_of(seen.target);
    if (seen.method == "GET") {
      if (path == "/v1.41/containers/json")
        return FakeEngine::answer(200, seen.target.find(shown_by) != std::string::npos
                                           ? R"([{"Id":"c","Names":["/dev-a"],"Labels":{"ksail.cluster":"dev"}}])"
                                           : "[]");
      if (path == "/v1.41/volumes") return FakeEngine::answer(200, R"({"Volumes":null})");
      return FakeEngine::answer(200, R"([{"Id":"n","Name":"ksail-dev"}])");
    }
    return FakeEngine::answer(403, error_body("error while removing network: network ksail-dev has active endpoints"));
  });
  Plugin plugin(engine.address());
  const auto reply = plugin.call(destroy, "destroy", {{"cluster", "dev"}, {"labels", {{"ksail.operation", "mine"}}}});
  REQUIRE(reply);
  CHECK(reply->body["removed"]["networks"] == 0);
}

TEST_CASE("a pull tells its progress, and its failure inside the stream is a failure") {
  test::TemporaryFolder folder;
  const bool fails = GENERATE(false, true);
  int looks = 0;
  FakeEngine engine(folder.path() / "s", [&](const FakeEngine::Seen &seen) {
    if (seen.method == "GET" && looks++ == 0) return FakeEngine::answer(404, error_body("No such image"));
    if (seen.method == "GET")
      return FakeEngine::answer(
          200, R"({"Id":"sha256:1","Config":{"Labels":{"a":"b"},"Entrypoint":["/init"],"Cmd":["up"]}})");
    std::string lines = R"({"status":"Downloading","progressDetail":{"current":10,"total":100},"id":"a"})"
                        "\n"
                        R"({"status":"Download complete","id":"a"})"
                        "\n";
    if (fails)
      lines += R"({"error":"unexpected EOF"})"
               "\n";
    return FakeEngine::answer(200, lines);
  });
  Plugin plugin(engine.address());
  const auto reply = plugin.call(prefetch, "prefetch", {{"images", {{{"ref", "quay.io/x/y:1"}}}}});
  CHECK(engine.seen()[1].target == "/v1.41/images/create?fromImage=quay.io%2Fx%2Fy&tag=1");
  if (fails) {
    REQUIRE_FALSE(reply);
    CHECK(reply.error().retryable);
    return;
  }
  REQUIRE(reply);
  CHECK(reply->body["images"][0]["source"] == "pulled");
  CHECK(reply->body["images"][0]["labels"]["a"] == "b");
  CHECK(reply->body["images"][0]["command"] == json::array({"/init", "up"}));
  REQUIRE_FALSE(plugin.context.events.empty());
  REQUIRE(plugin.context.events.size() >= 3);
  CHECK(plugin.context.events.front().value("state", "") == "started");
  CHECK(plugin.context.events.back().value("state", "") == "ended");
  CHECK(plugin.context.events[plugin.context.events.size() - 2] ==
        json({{"event", "pull"}, {"ref", "quay.io/x/y:1"}, {"done", 100}, {"total", 100}}));
}

TEST_CASE("an image that is optional may be missing") {
  test::TemporaryFolder folder;
  FakeEngine engine(folder.path() / "s", [&](const FakeEngine::Seen &seen) {
    return seen.method == "GET" ? FakeEngine::answer(404, error_body("No such image"))
                                : FakeEngine::answer(500, error_body("dial tcp: lookup quay.io: no such host"));
  });
  Plugin plugin(engine.address());
  const json wanted = {{"images", {{{"ref", "quay.io/x/y:1"}, {"optional", true}}}}};
  const auto reply = plugin.call(prefetch, "prefetch", wanted);
  REQUIRE(reply);
  CHECK(reply->body["images"][0]["source"] == "missing");
  CHECK(reply->body["images"][0]["reason"].get<std::string>().find("no such host") != std::string::npos);
}

TEST_CASE("credentials go to the engine with the pull and nowhere else") {
  test::TemporaryFolder folder;
  const json config = {{"auths", {{"quay.io", {{"auth", "dXNlcjpzZWNyZXQtcGFzcw=="}}}}}}; // user:secret-pass
  folder.write("config.json", config.dump());
  FakeEngine engine(folder.path() / "s", [&](const FakeEngine::Seen &seen) {
    return seen.method == "GET" ? FakeEngine::answer(404, error_body("No such image"))
                                : FakeEngine::answer(500, error_body("unauthorized: no"));
  });
  asio::io_context io;
  SilentHost host;
  RecordingContext context;
  Verbs verbs(io.get_executor(), host,
              test::variables({{"DOCKER_CONFIG", folder.path()}, {"DOCKER_HOST", engine.address()}}));
  sdk::Request request;
  request.verb = "prefetch";
  request.body = {{"images", {{{"ref", "quay.io/x/y:1"}}}}};
  std::function<VerbResult()> work = [&] { return prefetch(verbs, request, context); };
  const auto reply = test::run<sdk::Reply>(io, work);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == Code::unauthenticated);
  CHECK(reply.error().message.find("secret") == std::string::npos);
}
