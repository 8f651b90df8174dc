// SPDX-License-Identifier: Apache-2.0
// Manifests that are malformed, or describe another library than the one beside them.
#include "plugin_directory.hpp"

#include <openssl/evp.h>

#include <fstream>
#include <iterator>

using namespace ksail;
using namespace ksail::plugins;
using Catch::Contains;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

std::string contents(const fs::path &file) {
  std::ifstream in(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

std::string sha256(const std::string &bytes) {
  unsigned char digest[32];
  REQUIRE(EVP_Digest(bytes.data(), bytes.size(), digest, nullptr, EVP_sha256(), nullptr) == 1);
  std::string hex;
  for (const auto byte : digest) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

} // namespace

TEST_CASE("malformed manifests are refused where they are malformed") {
  const PluginDirectory plugin("sound");
  SECTION("no JSON") {
    plugin.write(plugin.manifest(), "{\n  \"id\": nonsense\n}");
    CHECK_THAT(refusal_of(plugin).message, Contains("is not valid JSON") && Contains("line 2, column"));
  }
  SECTION("empty") {
    plugin.write(plugin.manifest(), "");
    CHECK_THAT(refusal_of(plugin).message, Contains("is not valid JSON"));
  }
  SECTION("no object") {
    plugin.write(plugin.manifest(), "[1]");
    CHECK_THAT(refusal_of(plugin).message, Contains("is not a JSON object"));
  }
  SECTION("too long") {
    plugin.write(plugin.manifest(), "{\"x\":\"" + std::string(max_manifest_bytes, 'x') + "\"}");
    CHECK_THAT(refusal_of(plugin).message, Contains("at most 65536 are read"));
  }
  SECTION("a bomb of brackets") {
    plugin.write(plugin.manifest(), std::string(60000, '['));
    CHECK_THAT(refusal_of(plugin).message, Contains("nested deeper than 16 levels"));
  }
  SECTION("a library elsewhere") {
    for (const auto *library : {"../fake-sound.so", "/tmp/fake-sound.so", "sub/fake-sound.so", ".hidden.so", ""}) {
      plugin.edit("library", library);
      CHECK_THAT(refusal_of(plugin).message, Contains("\"library\""));
    }
  }
  SECTION("a newer kind of manifest") {
    plugin.edit("manifest_version", 2);
    const Error error = refusal_of(plugin);
    CHECK_THAT(error.message, Contains("has manifest_version 2, this ksail reads 1"));
    CHECK_THAT(error.hint, Contains("update the package ksail"));
  }
  SECTION("another name than its id") {
    plugin.edit("id", "other");
    CHECK_THAT(refusal_of(plugin).message, Contains("its name has to be other.json"));
  }
}

TEST_CASE("a manifest that promises another ABI or machine is refused before the library is looked at") {
  const PluginDirectory plugin("sound");
  fs::remove(plugin.library());
  SECTION("major") {
    plugin.edit("abi", {{"major", 2}, {"minor", 4}, {"min_host_minor", 0}});
    CHECK_THAT(refusal_of(plugin).message, Contains("was built for plugin ABI 2.4, this ksail has 1.0"));
  }
  SECTION("host minor") {
    plugin.edit("abi", {{"major", 1}, {"minor", 9}, {"min_host_minor", 8}});
    CHECK_THAT(refusal_of(plugin).message, Contains("needs a host with plugin ABI 1.8 or newer, this ksail has 1.0"));
  }
  SECTION("machine") {
    plugin.edit("arch", "pdp11-linux-gnu");
    CHECK_THAT(refusal_of(plugin).message, Contains("was built for pdp11-linux-gnu, this host is"));
  }
  SECTION("ksail itself") {
    plugin.edit("requires", {{"ksail", ">=99.1"}});
    CHECK_THAT(refusal_of(plugin).message, Contains("requires ksail >=99.1, this is ksail 0."));
  }
  SECTION("something unreadable of ksail") {
    plugin.edit("requires", {{"ksail", "~>1"}});
    CHECK_THAT(refusal_of(plugin).message, Contains("not of the form"));
  }
  SECTION("interface") {
    plugin.edit("interfaces", json::array({"ksail.gitops/1"}));
    CHECK_THAT(refusal_of(plugin).message, Contains("is no provider"));
  }
}

TEST_CASE("a library that was built with another manifest is refused") {
  const PluginDirectory plugin("sound");
  SECTION("another member") {
    plugin.edit("capabilities", json::array({"exec"}));
    CHECK_THAT(refusal_of(plugin).message, Contains("was built with another manifest than"));
  }
  SECTION("another version") {
    plugin.edit("version", "1.2.4");
    CHECK_THAT(refusal_of(plugin).message, Contains("was built with another manifest than"));
  }
  SECTION("white space and order are no difference") {
    plugin.write(plugin.manifest(), json::parse(contents(plugin.manifest())).dump(7));
    LoadedFake loaded(plugin);
    CHECK(loaded.provider().id() == "fake-sound");
  }
}

TEST_CASE("a library without a manifest inside is refused") {
  const PluginDirectory plugin("bare");
  const PluginDirectory model("sound");
  auto text = json::parse(contents(model.manifest()));
  text["id"] = "fake-bare";
  text["library"] = "fake-bare.so";
  plugin.write(plugin.manifest(), text.dump());
  const Error error = refusal_of(plugin);
  CHECK_THAT(error.message, Contains("has no manifest inside"));
  CHECK_THAT(error.hint, Contains("ksail_add_plugin"));
}

TEST_CASE("a hash in the manifest pins the library") {
  const PluginDirectory plugin("sound");
  SECTION("right") {
    plugin.edit("sha256", sha256(contents(plugin.library())));
    LoadedFake loaded(plugin);
    CHECK(loaded.call("anything").has_value());
  }
  SECTION("wrong") {
    plugin.edit("sha256", sha256("something else"));
    const Error error = refusal_of(plugin);
    CHECK_THAT(error.message, Contains("has SHA-256") && Contains(sha256(contents(plugin.library()))));
    CHECK_THAT(error.hint, Contains("do not use it"));
  }
}
