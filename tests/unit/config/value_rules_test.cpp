// SPDX-License-Identifier: Apache-2.0
// What values a setting takes, and what is said about the others.
#include "config/setting.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace ksail;
using namespace ksail::config;
using Catch::Contains;

namespace {

const Choices choices = {{"Vanilla", "K3s"}, {"Docker"}};

Result<std::string> value(std::string_view key, std::string_view text) {
  const auto *setting = find_setting(key);
  REQUIRE(setting);
  return normalise(*setting, text, choices);
}
std::string good(std::string_view key, std::string_view text) {
  const auto result = value(key, text);
  INFO(key << " = " << text);
  if (!result) FAIL(result.error().message);
  return *result;
}
Error bad(std::string_view key, std::string_view text) {
  const auto result = value(key, text);
  INFO(key << " = " << text);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::config);
  CHECK_FALSE(result.error().message.empty());
  return result.error();
}

} // namespace

TEST_CASE("names of distributions and providers are taken in any case and shown in one") {
  CHECK(good(key::distribution, "vanilla") == "Vanilla");
  CHECK(good(key::distribution, "K3S") == "K3s");
  CHECK(good(key::provider, "DOCKER") == "Docker");
  CHECK(good(key::cni, "none") == "None");
}

TEST_CASE("a misspelt name gets a suggestion and the list") {
  const auto error = bad(key::distribution, "Vanila");
  CHECK_THAT(error.message, Contains("unknown distribution 'Vanila'"));
  CHECK_THAT(error.hint, Contains("did you mean Vanilla?") && Contains("Vanilla or K3s"));
  CHECK_THAT(bad(key::provider, "podman").hint, Contains("accepted: Docker"));
}

TEST_CASE("what is known but not in this build says so") {
  CHECK_THAT(bad(key::distribution, "talos").message, Contains("Talos is not in this build"));
  CHECK_THAT(bad(key::distribution, "eks").message, Contains("EKS is a distribution of the Go ksail"));
  CHECK_THAT(bad(key::provider, "omni").message, Contains("Omni is a provider of the Go ksail"));
  CHECK_THAT(bad(key::cni, "cilium").message, Contains("Cilium is a CNI of the Go ksail"));
  // Which plugin is missing is for the loader to say.
  CHECK(good(key::provider, "hetzner") == "Hetzner");
}

TEST_CASE("names of clusters are names of hosts") {
  for (const auto &name : {std::string("dev"), std::string("a"), std::string("a-1"), std::string(50, 'x')})
    CHECK(good(key::name, name) == name);
  for (const auto &name :
       {std::string("Dev"), std::string("1a"), std::string("-a"), std::string("a-"), std::string("a_b"),
        std::string("a.b"), std::string("a b"), std::string("ä"), std::string("../x"), std::string(51, 'x')})
    CHECK_THAT(bad(key::name, name).message, Contains("cannot be a cluster's name"));
}

TEST_CASE("what is echoed back cannot move the cursor") {
  const auto error = bad(key::name, "a\x1b[2Jb\n");
  for (const char c : error.message)
    CHECK(static_cast<unsigned char>(c) >= 0x20);
  CHECK(bad(key::name, std::string(100000, 'x')).message.size() < 400);
}

TEST_CASE("counts and ports have bounds") {
  CHECK(good(key::control_planes, "3") == "3");
  CHECK(good(key::workers, "0") == "0");
  CHECK(good(key::workers, "007") == "7");
  CHECK_THAT(bad(key::control_planes, "0").hint, Contains("from 1 to 99"));
  CHECK_THAT(bad(key::workers, "-1").message, Contains("out of range"));
  CHECK_THAT(bad(key::workers, "1000").message, Contains("out of range"));
  CHECK_THAT(bad(key::workers, "99999999999999999999999").message, Contains("out of range"));
  for (const char *text : {"two", "1.5", "1 ", " 1", "0x1", "1e1", "+1"})
    CHECK_THAT(bad(key::workers, text).message, Contains("is not a number"));
  CHECK(good(key::api_port, "65535") == "65535");
  CHECK_THAT(bad(key::api_port, "65536").hint, Contains("from 0 to 65535"));
}

TEST_CASE("versions of Kubernetes have a v in front") {
  CHECK(good(key::kubernetes_version, "1.34.2") == "v1.34.2");
  CHECK(good(key::kubernetes_version, "v1.34") == "v1.34");
  for (const char *text : {"latest", "1", "v1.", "1..2", "1.2.3.4", ".1.2", "v", "1.34.2-rc1 x"})
    CHECK_THAT(bad(key::kubernetes_version, text).message, Contains("is not a version of Kubernetes"));
}

TEST_CASE("images are pinned") {
  const auto image = key::node_image("Vanilla");
  CHECK(image == "spec.vanilla.nodeImage");
  for (const char *text :
       {"kindest/node:v1.34.0", "localhost:5000/node:v1", "node:1", "a/b@sha256:0123", "a/b:latest@sha256:0123"})
    CHECK(good(image, text) == text);
  CHECK_THAT(bad(image, "kindest/node:latest").message, Contains("has the tag latest"));
  CHECK_THAT(bad(image, "kindest/node").message, Contains("has no tag"));
  CHECK_THAT(bad(image, "localhost:5000/node").message, Contains("has no tag"));
  CHECK_THAT(bad(image, "kindest/node:v1 x").message, Contains("is not an image reference"));
  CHECK_THAT(bad(image, "kindest/nöde:v1").message, Contains("is not an image reference"));
  CHECK_THAT(bad(image, "kindest/node:latest").hint, Contains("digest"));
}

TEST_CASE("durations and booleans") {
  CHECK(good(key::timeout, "90s") == "90s");
  CHECK_THAT(bad(key::timeout, "soon").message, Contains("is not a duration"));
  CHECK(good(key::allow_user_plugins, "True") == "true");
  CHECK_THAT(bad(key::allow_user_plugins, "yes").message, Contains("neither true nor false"));
}

TEST_CASE("every setting has a default that it would accept, one key and one strongest variable") {
  std::set<std::string> keys, variables;
  for (const auto &setting : settings()) {
    INFO(setting.key);
    CHECK(keys.insert(std::string(setting.key)).second);
    CHECK_FALSE(setting.summary.empty());
    const auto names = environment_names(setting);
    REQUIRE_FALSE(names.empty());
    CHECK(names.front().starts_with("KSAIL_"));
    for (const auto &name : names)
      CHECK(variables.insert(name).second);
    const auto normal = normalise(setting, setting.fallback, choices);
    REQUIRE(normal);
    CHECK(*normal == setting.fallback);
  }
  CHECK(environment_name(key::control_planes) == "KSAIL_SPEC_CLUSTER_CONTROLPLANES");
  CHECK_FALSE(find_setting("spec.cluster"));
}
