// SPDX-License-Identifier: Apache-2.0
// Manifests as text. What happens to the plugins behind them is tested in tests/abi.
#include "plugins/manifest.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <random>

using namespace ksail;
using namespace ksail::plugins;
using Catch::Contains;
using nlohmann::json;

namespace {

json sound() {
  return {{"manifest_version", 1},
          {"id", "cloud-9"},
          {"version", "1.2.3~rc1"},
          {"library", "cloud-9.so"},
          {"arch", "x86_64-linux-gnu"},
          {"abi", {{"major", 1}, {"minor", 0}, {"min_host_minor", 0}}},
          {"interfaces", {"ksail.provider/1"}},
          {"provider_names", {"Cloud9"}}};
}
std::string refusal(const json &manifest) {
  INFO(manifest.dump());
  const auto parsed = parse_manifest(manifest.dump(), "/x/cloud-9.json");
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == Code::plugin);
  CHECK_THAT(parsed.error().message, Contains("/x/cloud-9.json"));
  CHECK_FALSE(parsed.error().hint.empty());
  return parsed.error().message;
}
std::string refusal_with(const char *member, const json &value) {
  auto manifest = sound();
  manifest[member] = value;
  return refusal(manifest);
}

} // namespace

TEST_CASE("a sound manifest is read") {
  const auto manifest = parse_manifest(sound().dump(), "x");
  REQUIRE(manifest);
  CHECK(manifest->id == "cloud-9");
  CHECK(manifest->version == "1.2.3~rc1");
  CHECK(manifest->abi.major == 1);
  CHECK(manifest->provides("CLOUD9"));
  CHECK(manifest->provides("cloud-9"));
  CHECK_FALSE(manifest->provides("cloud"));
  CHECK(manifest->has_interface("ksail.provider/1"));
  CHECK_FALSE(manifest->has_interface("ksail.provider/12"));
  CHECK_FALSE(manifest->has_interface("ksail.provider"));
}

TEST_CASE("members of later versions are no error") {
  auto manifest = sound();
  manifest["not_yet_known"] = {{"deep", {1, 2, 3}}};
  CHECK(parse_manifest(manifest.dump(), "x"));
}

TEST_CASE("each member that is needed is asked for by name") {
  for (const char *member : {"manifest_version", "id", "version", "library", "arch", "abi", "interfaces"}) {
    auto manifest = sound();
    manifest.erase(member);
    CHECK_THAT(refusal(manifest), Contains("\"" + std::string(member) + "\" is missing"));
  }
  auto manifest = sound();
  manifest["abi"].erase("minor");
  CHECK_THAT(refusal(manifest), Contains("\"abi.minor\" is missing"));
}

TEST_CASE("members of another type are told") {
  CHECK_THAT(refusal_with("id", 5), Contains("\"id\" is not a string"));
  CHECK_THAT(refusal_with("abi", "1.0"), Contains("\"abi\" is not an object"));
  CHECK_THAT(refusal_with("interfaces", "x"), Contains("\"interfaces\" is not a list"));
  CHECK_THAT(refusal_with("interfaces", {1}), Contains("holds something that is no name"));
  CHECK_THAT(refusal_with("abi", {{"major", -1}, {"minor", 0}, {"min_host_minor", 0}}),
             Contains("\"abi.major\" is not a number"));
  CHECK_THAT(refusal_with("abi", {{"major", 1.5}, {"minor", 0}, {"min_host_minor", 0}}), Contains("\"abi.major\""));
  CHECK_THAT(refusal_with("requires", {{"ksail", 1}}), Contains("\"requires.ksail\" is not a string"));
}

TEST_CASE("values have bounds") {
  for (const char *id : {"", "Cloud", "-cloud", "cloud_9", "../x", "a b"})
    CHECK_THAT(refusal_with("id", id), Contains("\"id\""));
  for (const char *version : {"", "v1", "1 2", "1/2"})
    CHECK_THAT(refusal_with("version", version), Contains("\"version\""));
  CHECK_THAT(refusal_with("description", std::string(1025, 'x')), Contains("longer than 1024"));
  CHECK_THAT(refusal_with("description", "a\x1b[31m"), Contains("control characters"));
  CHECK_THAT(refusal_with("sha256", "ABC"), Contains("\"sha256\""));
  CHECK_THAT(refusal_with("provider_names", json(std::vector<std::string>(65, "x"))), Contains("more than 64"));
}

TEST_CASE("two manifests are the same whatever their order and white space") {
  CHECK(same_manifest(R"({"a":1,"b":[1,2]})", "{ \"b\": [1, 2],\n \"a\": 1 }"));
  CHECK_FALSE(same_manifest(R"({"b":[1,2]})", R"({"b":[2,1]})"));
  CHECK(same_manifest(R"({"a":1,"sha256":"x"})", R"({"a":1})")); // a library cannot hold its own hash
  CHECK_FALSE(same_manifest("[]", "[]"));
  CHECK_FALSE(same_manifest("{", "{"));
}

TEST_CASE("any text is read or refused, never more") {
  std::mt19937 random(20260101);
  const std::string base = sound().dump();
  for (int round = 0; round < 3000; ++round) {
    std::string text = base;
    for (unsigned edits = 1 + random() % 4; edits > 0; --edits) {
      const auto at = random() % text.size();
      if (random() % 3 == 0)
        text.erase(at, 1 + random() % 8);
      else if (random() % 2)
        text[at] = static_cast<char>(random());
      else
        text.insert(at, 1, "{}[]\",:0-"[random() % 9]);
      if (text.empty()) text = "{";
    }
    const auto parsed = parse_manifest(text, "x");
    if (!parsed) CHECK(parsed.error().code == Code::plugin);
  }
}
