// SPDX-License-Identifier: Apache-2.0
#include "distributions/registries.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using Catch::Contains;

namespace {

ClusterSpec with_both() {
  ClusterSpec spec;
  spec.name = "dev";
  spec.registry_mirrors = *parse_registry_mirrors("docker.io=http://mirror:5000,*=https://all.example/v2/cache");
  spec.local_registry = *parse_local_registry("ksail-registry:5005");
  return spec;
}

std::string refusal(std::string_view mirrors) {
  auto parsed = parse_registry_mirrors(mirrors);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == Code::usage);
  CHECK_THAT(parsed.error().hint, Contains("HOST=URL"));
  return parsed.error().message;
}

} // namespace

TEST_CASE("registry mirrors: one host may have several, in the order given") {
  auto mirrors = parse_registry_mirrors("docker.io=http://a:5000/,ghcr.io=https://b,docker.io=http://c");
  REQUIRE(mirrors);
  REQUIRE(mirrors->size() == 2);
  CHECK(mirrors->front().host == "docker.io");
  CHECK(mirrors->front().endpoints == std::vector<std::string>{"http://a:5000", "http://c"});
  CHECK(parse_registry_mirrors("")->empty());
}

TEST_CASE("registry mirrors: what is wrong is said") {
  CHECK_THAT(refusal("docker.io"), Contains("no '='"));
  CHECK_THAT(refusal("docker.io=mirror:5000"), Contains("http://"));
  CHECK_THAT(refusal("https://docker.io=http://m"), Contains("not the host of a registry"));
  CHECK_THAT(refusal("=http://m"), Contains("not the host"));
  CHECK_THAT(refusal("docker.io=http://"), Contains("names no host"));
  CHECK_THAT(refusal("docker.io=http://me:secret@m"), Contains("credentials"));
  CHECK_THAT(refusal("docker.io=http://m/\"x"), Contains("characters"));
}

TEST_CASE("the local registry's name and port") {
  CHECK(parse_local_registry("")->name.empty());
  CHECK(parse_local_registry("reg")->host_port == 5000);
  CHECK(parse_local_registry("reg:5001")->host_port == 5001);
  for (const char *bad : {":5000", "reg:", "reg:0", "reg:65536", "reg:5000x", "Reg:5000", "a/b:5000", "-a:5000"}) {
    INFO(bad);
    CHECK_FALSE(parse_local_registry(bad));
  }
}

TEST_CASE("hosts.toml: the mirror first, then the registry itself") {
  CHECK(hosts_toml({"docker.io", {"http://mirror:5000"}}) ==
        "server = \"https://registry-1.docker.io\"\n\n[host.\"http://mirror:5000\"]\n"
        "  capabilities = [\"pull\", \"resolve\"]\n");
  CHECK_THAT(hosts_toml({"ghcr.io", {"http://a", "http://b"}}), Contains("\"http://a\"]") && Contains("\"http://b\"]") &&
                                                                    Contains("server = \"https://ghcr.io\""));
  CHECK_THAT(hosts_toml({"*", {"https://all/v2/cache"}}), !Contains("server") && Contains("override_path = true"));
}

TEST_CASE("containerd finds one file for each registry, and the local one under both of its names") {
  const auto files = containerd_registry_files(with_both());
  std::vector<std::string> paths;
  for (const auto &file : files)
    paths.push_back(file.path);
  CHECK(paths == std::vector<std::string>{"/etc/containerd/certs.d/docker.io/hosts.toml",
                                          "/etc/containerd/certs.d/_default/hosts.toml",
                                          "/etc/containerd/certs.d/localhost:5005/hosts.toml",
                                          "/etc/containerd/certs.d/ksail-registry:5000/hosts.toml"});
  for (std::size_t i : {2u, 3u})
    CHECK_THAT(files[i].content, Contains("server = \"http://ksail-registry:5000\"") &&
                                     Contains("[host.\"http://ksail-registry:5000\"]"));
}

TEST_CASE("registries.yaml of K3s says the same") {
  const auto files = k3s_registry_files(with_both());
  REQUIRE(files.size() == 1);
  CHECK(files[0].path == "/etc/rancher/k3s/registries.yaml");
  CHECK(files[0].content == "mirrors:\n"
                            "  \"docker.io\":\n    endpoint:\n      - \"http://mirror:5000\"\n"
                            "  \"*\":\n    endpoint:\n      - \"https://all.example/v2/cache\"\n"
                            "  \"localhost:5005\":\n    endpoint:\n      - \"http://ksail-registry:5000\"\n"
                            "  \"ksail-registry:5000\":\n    endpoint:\n      - \"http://ksail-registry:5000\"\n");
  CHECK(k3s_registry_files(ClusterSpec()).empty());
  CHECK(containerd_registry_files(ClusterSpec()).empty());
}

TEST_CASE("a mirror that was given for the local registry's name is left alone") {
  ClusterSpec spec;
  spec.registry_mirrors = *parse_registry_mirrors("localhost:5000=http://elsewhere:5000");
  spec.local_registry = *parse_local_registry("reg");
  const auto mirrors = effective_mirrors(spec);
  REQUIRE(mirrors.size() == 2);
  CHECK(mirrors[0].endpoints == std::vector<std::string>{"http://elsewhere:5000"});
  CHECK(mirrors[1].host == "reg:5000");
}

TEST_CASE("registries are asked from a node, each once, and only where there are any") {
  CHECK(registry_check_steps(ClusterSpec(), "dev-control-plane").empty());
  const auto steps = registry_check_steps(with_both(), "dev-control-plane");
  REQUIRE(steps.size() == 1);
  CHECK(steps[0].after == std::vector<std::string>{"node:dev-control-plane"});
}

TEST_CASE("what the cluster is told of its registry") {
  const auto text = local_registry_hosting(*parse_local_registry("reg:5001"));
  CHECK_THAT(text, Contains("host: \"localhost:5001\"\n") && Contains("hostFromContainerRuntime: \"reg:5000\"\n") &&
                       Contains("hostFromClusterNetwork: \"reg:5000\"\n"));
}
