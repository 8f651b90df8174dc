// SPDX-License-Identifier: Apache-2.0
// The client of the Talos API against a real machine. Environment: KSAIL_TALOS_API, host:port, and KSAIL_TALOS_CONFIG,
// the configuration of that control plane.
#include "distributions/talos/secrets.hpp"
#include "distributions/talos_api/client.hpp"
#include "kubernetes/atomic_file.hpp"
#include "kubernetes/kubeconfig.hpp"

#include "loop.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>

using namespace ksail;
using namespace ksail::test;
using namespace ksail::talos_api;
using namespace std::chrono_literals;

namespace {

/// A real machine has longer than a server of a test.
Deadline in_time() { return Deadline::after(60s); }

std::string environment(const char *name) {
  const char *value = std::getenv(name);
  REQUIRE(value != nullptr);
  return value;
}

const talos::SecretsBundle &secrets() {
  static const talos::SecretsBundle read = [] {
    const std::string file = environment("KSAIL_TALOS_CONFIG");
    return talos::SecretsBundle::from_machine_config(*kubernetes::read_whole_file(file).value(), file).value();
  }();
  return read;
}

ClientOptions options(const std::vector<std::string> &roles = {talos::role_admin}) {
  const std::string api = environment("KSAIL_TALOS_API");
  ClientOptions made;
  made.host = api.substr(0, api.rfind(':'));
  made.port = static_cast<std::uint16_t>(std::stoi(api.substr(api.rfind(':') + 1)));
  made.ca_pem = secrets().os.certificate_pem;
  auto client = talos::issue_api_client(secrets(), roles);
  REQUIRE(client);
  made.certificate_pem = client->certificate_pem;
  made.key_pem = client->key_pem;
  return made;
}

} // namespace

TEST_CASE("a real machine says its version and its services") {
  Loop loop;
  Client client(loop.executor(), options());
  auto version = loop.run(client.version(in_time()));
  REQUIRE(version);
  CHECK(version->tag.starts_with("v1."));
  CHECK(version->platform == "container");
  auto services = loop.run(client.services(in_time()));
  REQUIRE(services);
  bool etcd = false;
  for (const auto &service : *services)
    if (service.id == "etcd") etcd = service.healthy && service.state == "Running";
  CHECK(etcd);
  auto members = loop.run(client.etcd_members(in_time()));
  REQUIRE(members);
  CHECK(members->size() == 1);
  CHECK(members->front().id != 0);
}

TEST_CASE("bootstrapping a second time says that it was done") {
  Loop loop;
  Client client(loop.executor(), options());
  auto done = loop.run(client.bootstrap(in_time()));
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Code::already_exists);
}

TEST_CASE("the machine's kubeconfig can be unpacked and read") {
  Loop loop;
  Client client(loop.executor(), options());
  auto text = loop.run(client.kubeconfig(in_time()));
  REQUIRE(text);
  auto access = kubernetes::parse_access(*text, "");
  REQUIRE(access);
  CHECK(access->endpoint.port == 6443);
}

TEST_CASE("logs are read to their end, and followed until nobody listens") {
  Loop loop;
  Client client(loop.executor(), options());
  LogsRequest request;
  request.service = "machined";
  request.tail_lines = 5;
  auto logs = loop.run(client.logs(request, in_time()));
  REQUIRE(logs);
  std::string text;
  for (;;) {
    auto piece = loop.run((*logs)->next(in_time()));
    REQUIRE(piece);
    if (!piece->has_value()) break;
    text += **piece;
  }
  CHECK(std::count(text.begin(), text.end(), '\n') == 5);
  request.service = "kubelet";
  request.follow = true;
  logs = loop.run(client.logs(request, in_time()));
  REQUIRE(logs);
  CHECK(loop.run((*logs)->next(in_time()))->has_value());
  logs->reset();
  CHECK(loop.run(client.version(in_time())));
}

TEST_CASE("events that were kept come first") {
  Loop loop;
  Client client(loop.executor(), options());
  EventsRequest request;
  request.tail_events = -1;
  auto events = loop.run(client.events(request, in_time()));
  REQUIRE(events);
  bool running = false;
  while (!running) {
    auto event = loop.run((*events)->next(in_time()));
    REQUIRE(event);
    REQUIRE(event->has_value());
    running = (*event)->kind == TalosEvent::Kind::service_state && (*event)->service == "etcd";
  }
}

TEST_CASE("a configuration is tried without effect, and one that is wrong is refused by name") {
  Loop loop;
  Client client(loop.executor(), options());
  ApplyConfiguration apply;
  apply.config = *kubernetes::read_whole_file(environment("KSAIL_TALOS_CONFIG")).value();
  apply.mode = ApplyMode::no_reboot;
  apply.dry_run = true;
  auto done = loop.run(client.apply_configuration(apply, in_time()));
  REQUIRE(done);
  apply.config += "\n---\napiVersion: v1alpha1\nkind: Nonsense\n";
  done = loop.run(client.apply_configuration(apply, in_time()));
  REQUIRE_FALSE(done);
  CHECK(done.error().message.find("Nonsense") != std::string::npos);
}

TEST_CASE("who has not the role is refused, and so is who was signed by nobody known") {
  Loop loop;
  Client reader(loop.executor(), options({talos::role_reader}));
  CHECK(loop.run(reader.version(in_time())));
  auto refused = loop.run(reader.bootstrap(in_time()));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::permission_denied);

  auto others = talos::SecretsBundle::create();
  REQUIRE(others);
  ClientOptions stranger = options();
  auto certificate = talos::issue_api_client(*others, {talos::role_admin});
  REQUIRE(certificate);
  stranger.certificate_pem = certificate->certificate_pem;
  stranger.key_pem = certificate->key_pem;
  Client unknown(loop.executor(), stranger);
  auto version = loop.run(unknown.version(in_time()));
  REQUIRE_FALSE(version);
  CHECK((version.error().code == Code::unauthenticated || version.error().code == Code::unavailable));

  ClientOptions elsewhere = options();
  elsewhere.ca_pem = others->os.certificate_pem;
  Client mistaken(loop.executor(), elsewhere);
  version = loop.run(mistaken.version(in_time()));
  REQUIRE_FALSE(version);
  CHECK(version.error().code == Code::unauthenticated);
}

TEST_CASE("fifty calls at once over one connection") {
  Loop loop;
  Client client(loop.executor(), options());
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (int i = 0; i < 50; ++i)
    work.push_back([&client]() -> asio::awaitable<Result<void>> {
      auto version = co_await client.version(in_time());
      if (!version) co_return version.error();
      co_return Result<void>();
    });
  ForEachOptions at_once;
  CHECK(loop.run(run_all(std::move(work), at_once)));
}

// Run by talos_maintenance, against a machine that has no configuration yet.
TEST_CASE("a machine without configuration takes one from who knows its key", "[.maintenance]") {
  Loop loop;
  const std::string api = environment("KSAIL_TALOS_API");
  ClientOptions nobody;
  nobody.host = api.substr(0, api.rfind(':'));
  nobody.port = static_cast<std::uint16_t>(std::stoi(api.substr(api.rfind(':') + 1)));
  ClientOptions mistaken = nobody;
  mistaken.fingerprint = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  Client elsewhere(loop.executor(), mistaken);
  auto version = loop.run(elsewhere.version(in_time()));
  REQUIRE_FALSE(version);
  CHECK(version.error().code == Code::unauthenticated);
  nobody.fingerprint = environment("KSAIL_TALOS_FINGERPRINT");
  Client maintenance(loop.executor(), nobody);
  ApplyConfiguration apply;
  apply.config = "version: v1alpha1\nmachine:\n  nonsense: 1\n";
  auto done = loop.run(maintenance.apply_configuration(apply, in_time()));
  REQUIRE_FALSE(done);
  CHECK(done.error().message.find("nonsense") != std::string::npos);
  apply.config = *kubernetes::read_whole_file(environment("KSAIL_TALOS_CONFIG")).value();
  done = loop.run(maintenance.apply_configuration(apply, in_time()));
  if (!done) FAIL(done.error().message);

  // Now it has the cluster's keys, and asks for them. It may take a moment to change over.
  const auto until = Deadline::after(60s);
  for (;;) {
    Client client(loop.executor(), options());
    auto told = loop.run(client.version(Deadline::after(3s)));
    if (told) {
      CHECK(told->platform == "container");
      break;
    }
    if (until.passed()) FAIL(told.error().message);
    loop.run(sleep_for(100ms));
  }
  Client stranger(loop.executor(), nobody);
  CHECK_FALSE(loop.run(stranger.version(in_time())));
}
