// SPDX-License-Identifier: Apache-2.0
// Every verb of the docker plugin against a real engine, through the plugin host. `ctest -L lab`.
#include "engine.hpp"
#include "run_coroutine.hpp"
#include "tar_archive.hpp"

#include <plugins/host_services.hpp>
#include <plugins/loader.hpp>

#include <catch2/catch.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

using namespace ksail;
using nlohmann::json;

namespace {

using plugins::Blob;

/// What no test but the engine's own client sees.
struct SilentHost final : sdk::Host {
  bool log_enabled(int) const override { return false; }
  void log(int, std::string_view) const override {}
  std::optional<std::string> secret(std::string_view) const override { return std::nullopt; }
  void redact(std::string_view) const override {}
};

const std::string image_label = "ksail.test-image=" + std::to_string(::getpid());
const std::string image = "ksail-docker-test/node:" + std::to_string(::getpid());

/// One plugin, one engine, for all tests of the process.
class Lab {
public:
  static Lab &instance() {
    static Lab lab;
    return lab;
  }

  struct Outcome {
    Result<plugins::Reply> reply = Error();
    std::vector<json> events;
    std::string streamed;
  };

  Outcome call(const std::string &verb, json body, std::vector<Blob> blobs = {},
               Deadline deadline = Deadline::after(std::chrono::minutes(2))) {
    Outcome outcome;
    plugins::EventHandler on_event = [&](const json &event, const std::vector<Blob> &pieces) {
      outcome.events.push_back(event);
      for (const auto &piece : pieces)
        outcome.streamed += piece.data;
    };
    outcome.reply =
        test::run<plugins::Reply>(io_, [&] { return provider_->call(verb, body, blobs, deadline, on_event); });
    return outcome;
  }
  json answer(const std::string &verb, json body) {
    auto outcome = call(verb, std::move(body));
    REQUIRE(outcome.reply);
    return outcome.reply->body;
  }
  Error failure(const std::string &verb, json body) {
    auto outcome = call(verb, std::move(body));
    REQUIRE_FALSE(outcome.reply);
    return outcome.reply.error();
  }
  /// Past the plugin: the engine itself.
  json ask(const std::string &target) {
    auto answered =
        test::run<json>(io_, [&] { return engine_.require_json({"GET", target, "ask"}, Deadline::never()); });
    REQUIRE(answered);
    return *answered;
  }
  std::set<std::string> volumes() {
    std::set<std::string> names;
    const json all = ask("/volumes");
    for (const auto &volume : all["Volumes"].is_array() ? all["Volumes"] : json::array())
      names.insert(volume["Name"].get<std::string>());
    return names;
  }
  asio::io_context &io() { return io_; }
  plugins::Provider &provider() { return *provider_; }

private:
  Lab() : engine_(io_.get_executor(), host_, docker::process_environment()) {
    plugins::SearchPath path;
    path.dirs.emplace_back(std::filesystem::path(KSAIL_PLUGIN_FOLDER));
    auto loaded = plugins::load_provider("Docker", path, io_.get_executor(), services_);
    REQUIRE(loaded);
    provider_ = std::move(*loaded);
    import_image();
  }
  ~Lab() {
    (void)test::run<http::Response>(
        io_, [&] { return engine_.send({"DELETE", "/images/" + image + "?force=1", "x"}, Deadline::never()); });
    provider_.reset();
    plugins::shutdown_all(std::chrono::seconds(5));
  }
  void import_image() {
    std::ifstream file(KSAIL_NODE_PROGRAM, std::ios::binary);
    std::ostringstream program;
    program << file.rdbuf();
    docker::TarArchive archive(1700000000);
    archive.add_file("/node", 0755, program.str());
    archive.add_file("/data/seed", 0644, "from the image");
    docker::EngineCall call("POST",
                            "/images/create?fromSrc=-&repo=ksail-docker-test%2Fnode&tag=" + std::to_string(::getpid()) +
                                "&changes=CMD%20%5B%22%2Fnode%22%2C%22init%22%5D&changes=LABEL%20" +
                                http::encode_component(image_label),
                            "import the test image");
    call.body = std::move(archive).finish();
    call.content_type = "application/x-tar";
    auto imported = test::run<http::Response>(io_, [&] { return engine_.require(call, Deadline::never()); });
    REQUIRE(imported);
  }

  asio::io_context io_;
  SilentHost host_;
  docker::Engine engine_;
  plugins::HostServices services_;
  std::unique_ptr<plugins::Provider> provider_;
};

/// A cluster name of its own per test; what a failing test leaves is removed.
class Cluster {
public:
  explicit Cluster(const std::string &test)
      : name("dt" + std::to_string(::getpid()) + "-" + test), volumes_(Lab::instance().volumes()) {}
  ~Cluster() { (void)Lab::instance().call("destroy", {{"cluster", name}}); }

  std::string node(const std::string &suffix) const { return name + "-" + suffix; }
  json labels() const {
    return {{"ksail.cluster", name}, {"ksail.version", "test"}, {"ksail.operation", "op-" + name}};
  }
  json ensure_network() const {
    return Lab::instance().answer("ensure_infrastructure",
                                  {{"cluster", name},
                                   {"labels", labels()},
                                   {"network", {{"name", "ksail-" + name}, {"ipv6", false}}}})["network"];
  }
  json node_template(const std::string &suffix) const {
    return {{"name", node(suffix)}, {"role", "worker"},     {"image", image},
            {"tty", false},         {"volumes", {"/data"}}, {"tmpfs", {"/run"}}};
  }
  json create_request(json nodes, const std::string &operation) const {
    return {{"cluster", name},
            {"network", "ksail-" + name},
            {"labels", labels()},
            {"nodes", std::move(nodes)},
            {"operation_id", operation}};
  }
  json exec_request(const std::string &suffix, std::vector<std::string> argv) const {
    argv.insert(argv.begin(), "/node");
    return {{"cluster", name}, {"node", node(suffix)}, {"argv", argv}};
  }
  /// Nothing is left: no labelled object, and no volume that was not there before.
  void check_gone() const {
    auto &lab = Lab::instance();
    const std::string filter = http::encode_component(json{{"label", {"ksail.cluster=" + name}}}.dump());
    CHECK(lab.ask("/containers/json?all=1&filters=" + filter).empty());
    CHECK(lab.ask("/networks?filters=" + filter).empty());
    const json volumes = lab.ask("/volumes?filters=" + filter)["Volumes"];
    CHECK((volumes.is_null() || volumes.empty()));
  }
  const std::string name;

private:
  std::set<std::string> volumes_;
};

std::string next_address(const json &network, int number) {
  std::string address = network["gateway"];
  return address.substr(0, address.rfind('.') + 1) + std::to_string(number);
}

} // namespace

TEST_CASE("describe tells the capabilities") {
  const json answer = Lab::instance().answer("describe", json::object());
  CHECK(answer["provider"] == "Docker");
  CHECK(answer["capabilities"]["node_kind"] == "container");
  CHECK(Lab::instance().failure("fly", json::object()).code == Code::unimplemented);
}

TEST_CASE("validate and diagnose know the host") {
  auto &lab = Lab::instance();
  const json answer = lab.answer("validate", {{"cluster", "dt-nobody"}});
  CHECK(answer["host"]["cpus"].get<int>() > 0);
  CHECK(answer["host"]["memory_bytes"].get<std::int64_t>() > 0);
  CHECK_FALSE(answer["host"]["engine"].get<std::string>().empty());
  CHECK_FALSE(answer["host"]["api"].get<std::string>().empty());
  CHECK(answer["nodes"] == json::array());
  const json checks = lab.answer("diagnose", json::object())["checks"];
  std::set<std::string> names;
  for (const auto &check : checks) {
    names.insert(check["name"].get<std::string>());
    if (check["status"] != "ok") CHECK_FALSE(check.value("hint", std::string()).empty());
  }
  for (const char *name : {"engine", "api", "cgroup", "storage"})
    CHECK(names.contains(name));
}

TEST_CASE("prefetch finds images, refuses unpinned ones, and takes a substitute when pulling fails") {
  auto &lab = Lab::instance();
  const json present = lab.answer("prefetch", {{"images", {{{"ref", image}}}}})["images"][0];
  CHECK(present["source"] == "present");
  CHECK(present["use"] == image);
  CHECK(present["id"].get<std::string>().starts_with("sha256:"));
  CHECK(present["labels"].contains("ksail.test-image"));
  CHECK(lab.failure("prefetch", {{"images", {{{"ref", "busybox:latest"}}}}}).code == Code::invalid_argument);
  const auto missing = lab.failure("prefetch", {{"images", {{{"ref", "127.0.0.1:1/nothing:v1"}}}}});
  CHECK(missing.code == Code::not_found);
  CHECK(missing.message.find("127.0.0.1:1/nothing:v1") != std::string::npos);
  CHECK_FALSE(missing.hint.empty());
  const json substitute = lab.answer(
      "prefetch",
      {{"images", {{{"ref", "127.0.0.1:1/nothing:v1"}, {"substitute", {{"label", image_label}}}}}}})["images"][0];
  CHECK(substitute["source"] == "substitute");
  CHECK(substitute["use"] == image);
}

TEST_CASE("a cluster lives: network, nodes, files, commands, logs, numbers, stop and start, end") {
  auto &lab = Lab::instance();
  const Cluster cluster("life");
  const json network = cluster.ensure_network();
  CHECK(network["subnet"].get<std::string>().ends_with(".0/24"));
  CHECK(cluster.ensure_network() == network);

  json nodes = json::array();
  for (int i = 0; i < 3; ++i) {
    json node = cluster.node_template(std::to_string(i));
    node["address"] = next_address(network, 10 + i);
    node["env"] = {{"GREETING", "hello"}};
    node["ports"] = {{{"container", 6443}, {"host", 0}, {"host_address", "127.0.0.1"}, {"protocol", "tcp"}}};
    node["files"] = {{{"path", "/etc/deep/file"}, {"mode", 0640}, {"content", "text"}},
                     {{"path", "/data/placed"}, {"blob", "bytes"}},
                     {{"path", "/etc/link"}, {"symlink", "deep/file"}}};
    nodes.push_back(node);
  }
  nodes[2]["tty"] = true;
  std::vector<Blob> blobs(1, Blob("bytes", "from a blob"));
  auto created = lab.call("create_nodes", cluster.create_request(nodes, "op-1"), blobs);
  REQUIRE(created.reply);
  std::map<std::string, std::string> states;
  for (const auto &event : created.events) {
    REQUIRE(event["event"] == "node");
    std::string &state = states[event["name"]];
    CHECK(event["state"] == (state.empty() ? "created" : "started"));
    state = event["state"];
  }
  CHECK(states.size() == 3);
  std::set<int> ports;
  for (int i = 0; i < 3; ++i) {
    const json &node = created.reply->body["nodes"][i];
    CHECK(node["name"] == cluster.node(std::to_string(i)));
    CHECK(node["state"] == "running");
    CHECK(node["addresses"]["ipv4"] == next_address(network, 10 + i));
    ports.insert(node["ports"][0]["host_port"].get<int>());
    CHECK(node["labels"]["ksail.operation"] == "op-" + cluster.name);
  }
  CHECK(ports.size() == 3);

  // What the engine says is what was told, but for the times.
  const json seen = lab.answer("observe", {{"cluster", cluster.name}})["nodes"];
  REQUIRE(seen.size() == 3);
  for (const auto &node : seen)
    for (const auto &told : created.reply->body["nodes"])
      if (told["name"] == node["name"])
        for (const char *member : {"id", "cluster", "role", "image", "state", "addresses", "ports"})
          CHECK(node[member] == told[member]);
  CHECK(lab.answer("validate", {{"cluster", cluster.name}})["nodes"].size() == 3);

  const auto run = [&](std::vector<std::string> argv) {
    return lab.call("exec", cluster.exec_request("0", std::move(argv)));
  };
  CHECK(*run({"show", "/etc/deep/file"}).reply->blob("stdout") == "640 text");
  CHECK(*run({"show", "/etc/link"}).reply->blob("stdout") == "640 text");
  CHECK(*run({"show", "/data/placed"}).reply->blob("stdout") == "644 from a blob");
  CHECK(*run({"show", "/data/seed"}).reply->blob("stdout") == "644 from the image");
  CHECK(*run({"env", "GREETING"}).reply->blob("stdout") == "hello");

  SECTION("commands have exit codes, two streams, input and variables") {
    const auto printed = run({"print", "out", "err", "7"});
    REQUIRE(printed.reply);
    CHECK(printed.reply->body["exit_code"] == 7);
    CHECK(*printed.reply->blob("stdout") == "out");
    CHECK(*printed.reply->blob("stderr") == "err");
    json with_env = cluster.exec_request("0", {"env", "MORE"});
    with_env["env"] = {{"MORE", "values"}};
    CHECK(*lab.call("exec", with_env).reply->blob("stdout") == "values");
    // More than any buffer on the way, both ways at once.
    std::string big(3 << 20, 'b');
    json copying = cluster.exec_request("0", {"cat"});
    copying["stdin"] = true;
    std::vector<Blob> input(1, Blob("stdin", big));
    const auto copied = lab.call("exec", copying, input);
    REQUIRE(copied.reply);
    CHECK(*copied.reply->blob("stdout") == big);
    const auto empty = lab.call("exec", copying);
    REQUIRE(empty.reply);
    CHECK(empty.reply->body["exit_code"] == 0);
    // A command that does not read its input is no failure.
    json deaf = cluster.exec_request("0", {"print", "", "", "0"});
    deaf["stdin"] = true;
    CHECK(lab.call("exec", deaf, input).reply);
    json streaming = cluster.exec_request("0", {"fill", "100000"});
    streaming["stream"] = true;
    const auto streamed = lab.call("exec", streaming);
    REQUIRE(streamed.reply);
    CHECK(streamed.streamed == std::string(100000, 'x'));
    CHECK(lab.failure("exec", cluster.exec_request("0", {"fill", "17000000"})).code == Code::out_of_range);
    const auto absent = lab.failure("exec", cluster.exec_request("9", {"cat"}));
    CHECK(absent.code == Code::not_found);
    CHECK(absent.hint.find(cluster.node("0")) != std::string::npos);
    const auto stuck =
        lab.call("exec", cluster.exec_request("0", {"hold"}), {}, Deadline::after(std::chrono::milliseconds(300)));
    REQUIRE_FALSE(stuck.reply);
    CHECK(stuck.reply.error().code == Code::deadline_exceeded);
  }
  SECTION("archives go in and come out, but not into a tmpfs") {
    docker::TarArchive archive(1700000000);
    archive.add_file("copied/file", 0600, "copied");
    std::vector<Blob> bytes(1, Blob("archive", std::move(archive).finish()));
    const json place = {{"cluster", cluster.name}, {"node", cluster.node("1")}, {"path", "/"}};
    REQUIRE(lab.call("copy_to", place, bytes).reply);
    CHECK(*lab.call("exec", cluster.exec_request("1", {"show", "/copied/file"})).reply->blob("stdout") == "600 copied");
    json source = place;
    source["path"] = "/copied";
    const auto back = lab.call("copy_from", source);
    REQUIRE(back.reply);
    CHECK(back.reply->blob("archive")->find("copied/file") != std::string::npos);
    json lost = place;
    lost["path"] = "/run/x";
    const auto refused = lab.call("copy_to", lost, bytes);
    REQUIRE_FALSE(refused.reply);
    CHECK(refused.reply.error().code == Code::invalid_argument);
    json nowhere = place;
    nowhere["path"] = "/nowhere";
    CHECK(lab.failure("copy_from", nowhere).code == Code::not_found);
  }
  SECTION("logs are read with and without a terminal, to the end, to a line, and as they come") {
    for (const char *suffix : {"0", "2"}) {
      const json log = {{"cluster", cluster.name}, {"node", cluster.node(suffix)}};
      json until = log;
      until["until"] = "node is .*";
      const auto found = lab.call("logs", until);
      REQUIRE(found.reply);
      CHECK(found.reply->body["matched"] == true);
      CHECK(found.reply->blob("log")->find("node is up") != std::string::npos);
      const auto all = lab.call("logs", log);
      REQUIRE(all.reply);
      CHECK(all.reply->body["matched"] == false);
      CHECK(all.reply->blob("log")->find("warming up") != std::string::npos);
      json tail = log;
      tail["tail"] = 0;
      CHECK(lab.call("logs", tail).reply->blob("log")->empty());
      json follow = until;
      follow["follow"] = true;
      const auto streamed = lab.call("logs", follow);
      REQUIRE(streamed.reply);
      CHECK(streamed.streamed.find("node is up") != std::string::npos);
      CHECK(streamed.reply->blob("log") == nullptr);
      json never = log;
      never["until"] = "no such line";
      const auto late = lab.call("logs", never, {}, Deadline::after(std::chrono::milliseconds(200)));
      REQUIRE_FALSE(late.reply);
      CHECK(late.reply.error().code == Code::deadline_exceeded);
    }
  }
  SECTION("every running node is measured") {
    const json measured = lab.answer("stats", {{"cluster", cluster.name}})["nodes"];
    REQUIRE(measured.size() == 3);
    for (const auto &node : measured) {
      CHECK(node["memory_bytes"].get<std::int64_t>() > 0);
      CHECK(node["memory_limit_bytes"].get<std::int64_t>() > 0);
      CHECK(node["system_ns"].get<std::int64_t>() > 0);
      CHECK(node["pids"].get<int>() >= 1);
    }
  }
  SECTION("nodes stop and start with the same ports and addresses") {
    const json one = {{"cluster", cluster.name}, {"nodes", {cluster.node("0")}}, {"grace_seconds", 5}};
    const auto stopped = lab.call("stop_nodes", one);
    REQUIRE(stopped.reply);
    REQUIRE(stopped.reply->body["nodes"].size() == 1);
    CHECK(stopped.reply->body["nodes"][0]["state"] == "exited");
    CHECK(stopped.reply->body["nodes"][0]["addresses"]["ipv4"] == next_address(network, 10));
    CHECK(lab.failure("exec", cluster.exec_request("0", {"cat"})).code == Code::failed_precondition);
    REQUIRE(lab.call("stop_nodes", {{"cluster", cluster.name}, {"grace_seconds", 5}}).reply);
    const json started = lab.answer("start_nodes", {{"cluster", cluster.name}})["nodes"];
    REQUIRE(started.size() == 3);
    std::set<int> again;
    for (const auto &node : started) {
      CHECK(node["state"] == "running");
      again.insert(node["ports"][0]["host_port"].get<int>());
    }
    CHECK(again == ports);
    CHECK(lab.failure("start_nodes", {{"cluster", cluster.name}, {"nodes", {"nobody"}}}).code == Code::not_found);
  }
  SECTION("a death is told while it is watched") {
    const auto executor = lab.io().get_executor();
    auto died = std::make_shared<Event>(executor);
    json death;
    plugins::EventHandler on_event = [&](const json &event, const std::vector<Blob> &) {
      if (event.value("action", std::string()) != "die") return;
      death = event;
      died->set();
    };
    asio::cancellation_signal stop;
    std::optional<Result<plugins::Reply>> watched;
    asio::co_spawn(executor, lab.provider().call("watch", {{"cluster", cluster.name}}, {}, Deadline::never(), on_event),
                   asio::bind_cancellation_slot(
                       stop.slot(), [&](std::exception_ptr, Result<plugins::Reply> r) { watched = std::move(r); }));
    auto scenario = [&]() -> asio::awaitable<Result<void>> {
      const json body = {{"cluster", cluster.name}, {"nodes", {cluster.node("1")}}, {"grace_seconds", 5}};
      auto stopped = co_await lab.provider().call("stop_nodes", body, Deadline::never());
      if (!stopped) co_return stopped.error();
      co_await died->wait();
      stop.emit(asio::cancellation_type::terminal);
      co_return Result<void>();
    };
    std::function<asio::awaitable<Result<void>>()> work = scenario;
    REQUIRE(test::run<void>(lab.io(), work));
    CHECK(death["name"] == cluster.node("1"));
    CHECK(death["exit_code"] == 0);
    REQUIRE(watched);
    CHECK(*watched);
  }

  const auto destroyed = lab.call("destroy", {{"cluster", cluster.name}});
  REQUIRE(destroyed.reply);
  CHECK(destroyed.reply->body["removed"] == json({{"nodes", 3}, {"volumes", 3}, {"networks", 1}}));
  cluster.check_gone();
  const auto again = lab.call("destroy", {{"cluster", cluster.name}});
  REQUIRE(again.reply);
  CHECK(again.reply->body["removed"]["nodes"] == 0);
}

TEST_CASE("the same request again goes on with its node, another one's node is a conflict") {
  auto &lab = Lab::instance();
  const Cluster cluster("again");
  cluster.ensure_network();
  const json nodes = json::array({cluster.node_template("a")});
  const json first = lab.answer("create_nodes", cluster.create_request(nodes, "op-1"))["nodes"][0];
  CHECK_FALSE(first["addresses"]["ipv4"].get<std::string>().empty()); // chosen by the engine
  const json second = lab.answer("create_nodes", cluster.create_request(nodes, "op-1"))["nodes"][0];
  CHECK(second["id"] == first["id"]);
  REQUIRE(lab.call("stop_nodes", {{"cluster", cluster.name}}).reply);
  CHECK(lab.answer("create_nodes", cluster.create_request(nodes, "op-1"))["nodes"][0]["id"] == first["id"]);
  const auto conflict = lab.failure("create_nodes", cluster.create_request(nodes, "op-2"));
  CHECK(conflict.code == Code::already_exists);
  CHECK(conflict.message.find(cluster.node("a")) != std::string::npos);
  // Rolling back the second removes nothing of the first.
  json rolling_back = {{"cluster", cluster.name}, {"labels", {{"ksail.operation", "somebody else"}}}};
  CHECK(lab.answer("destroy", rolling_back)["removed"]["nodes"] == 0);
  CHECK(lab.answer("observe", {{"cluster", cluster.name}})["nodes"].size() == 1);
}

TEST_CASE("two clusters have networks that do not overlap") {
  const Cluster one("net1"), two("net2");
  CHECK(one.ensure_network()["subnet"] != two.ensure_network()["subnet"]);
}

TEST_CASE("a port in use is named before anything is made") {
  auto &lab = Lab::instance();
  const Cluster cluster("port");
  cluster.ensure_network();
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr *>(&address), size) == 0);
  REQUIRE(::listen(fd, 1) == 0);
  ::getsockname(fd, reinterpret_cast<sockaddr *>(&address), &size);
  const int port = ntohs(address.sin_port);
  json node = cluster.node_template("a");
  node["ports"] = {{{"container", 6443}, {"host", port}}};
  const auto taken = lab.failure("create_nodes", cluster.create_request(json::array({node}), "op-1"));
  CHECK(taken.code == Code::already_exists);
  CHECK(taken.message.find(std::to_string(port)) != std::string::npos);
  CHECK_FALSE(taken.hint.empty());
  CHECK(lab.answer("observe", {{"cluster", cluster.name}})["nodes"].empty());
  ::close(fd);
  CHECK(lab.answer("create_nodes",
                   cluster.create_request(json::array({node}), "op-1"))["nodes"][0]["ports"][0]["host_port"] == port);
  // Held by our own node now: repeating the request is fine, another node is not.
  REQUIRE(lab.call("create_nodes", cluster.create_request(json::array({node}), "op-1")).reply);
  node["name"] = cluster.node("b");
  CHECK(lab.failure("create_nodes", cluster.create_request(json::array({node}), "op-1")).code == Code::already_exists);
}

TEST_CASE("all failures of parallel nodes and bad templates are told") {
  auto &lab = Lab::instance();
  const Cluster cluster("bad");
  cluster.ensure_network();
  json node = cluster.node_template("a");
  node["image"] = "ksail-docker-test/absent:1";
  const auto absent = lab.failure("create_nodes", cluster.create_request(json::array({node}), "op-1"));
  CHECK(absent.code == Code::not_found);
  CHECK_FALSE(absent.hint.empty());
  json lost = cluster.node_template("a");
  lost["files"] = {{{"path", "/run/x"}, {"content", ""}}};
  CHECK(lab.failure("create_nodes", cluster.create_request(json::array({lost}), "op-1")).code ==
        Code::invalid_argument);
  json twins = json::array({cluster.node_template("a"), cluster.node_template("a")});
  CHECK(lab.failure("create_nodes", cluster.create_request(twins, "op-1")).code == Code::invalid_argument);
  CHECK(lab.answer("observe", {{"cluster", cluster.name}})["nodes"].empty());
}

TEST_CASE("a creation that is cancelled at any moment ends quickly and is removed completely") {
  auto &lab = Lab::instance();
  const auto executor = lab.io().get_executor();
  for (const int delay_ms : {0, 2, 10, 40, 120, 400}) {
    const Cluster cluster("cancel" + std::to_string(delay_ms));
    cluster.ensure_network();
    json nodes = json::array();
    for (const char *suffix : {"a", "b", "c"})
      nodes.push_back(cluster.node_template(suffix));
    asio::cancellation_signal stop;
    std::optional<Result<plugins::Reply>> created;
    asio::co_spawn(
        executor, lab.provider().call("create_nodes", cluster.create_request(nodes, "op-1"), {}, Deadline::never(), {}),
        asio::bind_cancellation_slot(stop.slot(),
                                     [&](std::exception_ptr, Result<plugins::Reply> r) { created = std::move(r); }));
    asio::steady_timer timer(executor, std::chrono::milliseconds(delay_ms));
    timer.async_wait([&](boost::system::error_code) {
      if (!created) stop.emit(asio::cancellation_type::terminal);
    });
    lab.io().restart();
    lab.io().run();
    REQUIRE(created);
    if (!*created) CHECK(created->error().code == Code::cancelled);
    REQUIRE(lab.call("destroy", {{"cluster", cluster.name}, {"labels", {{"ksail.operation", "op-" + cluster.name}}}})
                .reply);
    cluster.check_gone();
  }
}

TEST_CASE("a cluster goes although a container of somebody else uses its network") {
  auto &lab = Lab::instance();
  const Cluster cluster("guest"), other("host");
  cluster.ensure_network();
  other.ensure_network();
  REQUIRE(lab.call("create_nodes", cluster.create_request(json::array({cluster.node_template("a")}), "op-1")).reply);
  // The guest is a node of another cluster on this cluster's network.
  json request = other.create_request(json::array({other.node_template("guest")}), "op-1");
  request["network"] = "ksail-" + cluster.name;
  REQUIRE(lab.call("create_nodes", request).reply);
  const auto destroyed = lab.call("destroy", {{"cluster", cluster.name}});
  REQUIRE(destroyed.reply);
  CHECK(destroyed.reply->body["removed"]["networks"] == 1);
  cluster.check_gone();
  CHECK(lab.answer("observe", {{"cluster", other.name}})["nodes"][0]["state"] == "running");
}

TEST_CASE("how long three nodes take", "[.measure]") {
  auto &lab = Lab::instance();
  for (int round = 0; round < 5; ++round) {
    const Cluster cluster("speed");
    const json network = cluster.ensure_network();
    json nodes = json::array();
    for (int i = 0; i < 3; ++i) {
      json node = cluster.node_template(std::to_string(i));
      node["address"] = next_address(network, 10 + i);
      node["files"] = {{{"path", "/etc/x"}, {"content", "x"}}};
      if (const char *real = std::getenv("KSAIL_MEASURE_IMAGE")) {
        node["image"] = real;
        node["volumes"] = {"/var"};
        node["tmpfs"] = {"/run", "/tmp"};
        node["privileged"] = true;
        node["tty"] = true;
      }
      nodes.push_back(std::move(node));
    }
    const auto milliseconds = [](Clock::time_point from) {
      return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - from).count();
    };
    const auto began = Clock::now();
    const auto made = lab.call("create_nodes", cluster.create_request(nodes, "op-1"));
    const auto created = milliseconds(began);
    REQUIRE(made.reply);
    const auto listing = Clock::now();
    (void)lab.answer("observe", {{"cluster", cluster.name}});
    const auto observed = milliseconds(listing);
    const auto running = Clock::now();
    (void)lab.call("exec", cluster.exec_request("0", {"print", "", "", "0"}));
    const auto executed = milliseconds(running);
    const auto ending = Clock::now();
    REQUIRE(lab.call("destroy", {{"cluster", cluster.name}}).reply);
    std::cout << "create_nodes " << created << " ms, observe " << observed << " ms, exec " << executed
              << " ms, destroy " << milliseconds(ending) << " ms\n";
  }
}
