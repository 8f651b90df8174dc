// SPDX-License-Identifier: Apache-2.0
#include "engine_address.hpp"
#include "temporary_folder.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::docker;
using ksail::test::TemporaryFolder;
using ksail::test::variables;
using Transport = http::Endpoint::Transport;

namespace {

Result<EngineAddress> with_host(const std::string &host) {
  return resolve_engine_address(variables({{"HOME", "/nonexistent"}, {"DOCKER_HOST", host}}));
}

void write_context(const TemporaryFolder &folder, const std::string &name, const std::string &meta) {
  folder.write("contexts/meta/" + context_digest(name) + "/meta.json", meta);
}

} // namespace

TEST_CASE("without any setting it is the default socket") {
  const auto address = resolve_engine_address(variables({{"HOME", "/nonexistent"}}));
  REQUIRE(address);
  CHECK(address->endpoint.path == "/var/run/docker.sock");
  CHECK(address->origin == "default");
  CHECK(address->local());
}

TEST_CASE("DOCKER_HOST takes sockets and TCP addresses") {
  CHECK(with_host("unix:///run/x.sock")->endpoint.path == "/run/x.sock");
  const auto tcp = with_host("tcp://10.0.0.1");
  REQUIRE(tcp);
  CHECK(tcp->endpoint.transport == Transport::tcp);
  CHECK(tcp->endpoint.port == 2375);
  CHECK_FALSE(tcp->local());
  const auto v6 = with_host("tcp://[fd00::1]:4000/prefix/");
  REQUIRE(v6);
  CHECK(v6->endpoint.host == "fd00::1");
  CHECK(v6->endpoint.port == 4000);
  CHECK(v6->base_path == "/prefix");
  CHECK(with_host("https://engine.example")->endpoint.transport == Transport::tls);
}

TEST_CASE("addresses that cannot be used are refused with a way out") {
  const auto ssh = with_host("ssh://user@host");
  REQUIRE_FALSE(ssh);
  CHECK(ssh.error().code == Code::unimplemented);
  CHECK(ssh.error().hint.find("docker.sock user@host") != std::string::npos);
  for (const char *host : {"docker.example", "unix://", "tcp://", "tcp://x:0", "tcp://x:99999", "tcp://x:1y",
                           "tcp://[::1", "npipe:////./pipe/x"}) {
    INFO(host);
    const auto address = with_host(host);
    REQUIRE_FALSE(address);
    CHECK(address.error().code == Code::invalid_argument);
    CHECK(address.error().message.find("DOCKER_HOST") != std::string::npos);
  }
}

TEST_CASE("TLS is used when certificates are asked for") {
  TemporaryFolder folder;
  folder.write("ca.pem", "CA");
  folder.write("cert.pem", "CERT");
  folder.write("key.pem", "KEY");
  const auto verified = resolve_engine_address(
      variables({{"DOCKER_HOST", "tcp://h"}, {"DOCKER_TLS_VERIFY", "1"}, {"DOCKER_CERT_PATH", folder.path()}}));
  REQUIRE(verified);
  CHECK(verified->endpoint.transport == Transport::tls);
  CHECK(verified->endpoint.port == 2376);
  CHECK(verified->endpoint.tls.verify);
  CHECK(verified->endpoint.tls.ca_pem == "CA");
  CHECK(verified->endpoint.tls.certificate_pem == "CERT");
  CHECK(verified->endpoint.tls.key_pem == "KEY");
  const auto unverified =
      resolve_engine_address(variables({{"DOCKER_HOST", "tcp://h"}, {"DOCKER_CERT_PATH", folder.path()}}));
  REQUIRE(unverified);
  CHECK_FALSE(unverified->endpoint.tls.verify);
  // Without DOCKER_CERT_PATH they lie beside config.json.
  const auto beside = resolve_engine_address(
      variables({{"DOCKER_HOST", "tcp://h:1"}, {"DOCKER_TLS_VERIFY", "1"}, {"DOCKER_CONFIG", folder.path()}}));
  REQUIRE(beside);
  CHECK(beside->endpoint.tls.key_pem == "KEY");
  CHECK(beside->endpoint.port == 1);
  std::filesystem::remove(folder.path() / "key.pem");
  const auto half =
      resolve_engine_address(variables({{"DOCKER_HOST", "tcp://h"}, {"DOCKER_CERT_PATH", folder.path()}}));
  REQUIRE_FALSE(half);
  CHECK(half.error().message.find("key.pem") != std::string::npos);
}

TEST_CASE("contexts are found by the digest of their name") {
  CHECK(context_digest("lab") == "a51146d38077ff992eba84cf1d5e9b249073503eb74868699016153b031a38f7"); // sha256sum
}

TEST_CASE("contexts come after DOCKER_HOST, and DOCKER_CONTEXT before config.json") {
  TemporaryFolder folder;
  folder.write("config.json", R"({"currentContext":"current"})");
  write_context(folder, "current", R"({"Name":"current","Endpoints":{"docker":{"Host":"unix:///current.sock"}}})");
  write_context(folder, "other",
                R"({"Name":"other","Endpoints":{"docker":{"Host":"tcp://h:2376","SkipTLSVerify":false}}})");
  folder.write("contexts/tls/" + context_digest("other") + "/docker/ca.pem", "CA");
  const std::string config = folder.path();
  const auto current = resolve_engine_address(variables({{"DOCKER_CONFIG", config}}));
  REQUIRE(current);
  CHECK(current->endpoint.path == "/current.sock");
  CHECK(current->origin == "context 'current'");
  const auto other = resolve_engine_address(variables({{"DOCKER_CONFIG", config}, {"DOCKER_CONTEXT", "other"}}));
  REQUIRE(other);
  CHECK(other->endpoint.transport == Transport::tls);
  CHECK(other->endpoint.tls.ca_pem == "CA");
  const auto host = resolve_engine_address(
      variables({{"DOCKER_CONFIG", config}, {"DOCKER_CONTEXT", "other"}, {"DOCKER_HOST", "unix:///host.sock"}}));
  REQUIRE(host);
  CHECK(host->endpoint.path == "/host.sock");
  const auto standard = resolve_engine_address(variables({{"DOCKER_CONFIG", config}, {"DOCKER_CONTEXT", "default"}}));
  REQUIRE(standard);
  CHECK(standard->origin == "default");
}

TEST_CASE("contexts that are missing or broken are named") {
  TemporaryFolder folder;
  write_context(folder, "empty", "{}");
  const auto missing =
      resolve_engine_address(variables({{"DOCKER_CONFIG", folder.path()}, {"DOCKER_CONTEXT", "gone"}}));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Code::not_found);
  CHECK(missing.error().message.find("'gone'") != std::string::npos);
  const auto empty = resolve_engine_address(variables({{"DOCKER_CONFIG", folder.path()}, {"DOCKER_CONTEXT", "empty"}}));
  REQUIRE_FALSE(empty);
  folder.write("config.json", "not json");
  const auto broken = resolve_engine_address(variables({{"DOCKER_CONFIG", folder.path()}}));
  REQUIRE_FALSE(broken);
  CHECK(broken.error().message.find("config.json") != std::string::npos);
}
