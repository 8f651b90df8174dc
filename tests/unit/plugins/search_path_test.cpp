// SPDX-License-Identifier: Apache-2.0
// Where plugins are looked for, and in which order.
#include "plugins/loader.hpp"
#include "plugins/search_path.hpp"

#include "temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>

using namespace ksail;
using namespace ksail::plugins;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

class Variable {
public:
  Variable(const char *name, const std::string &value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable &) = delete;
  Variable &operator=(const Variable &) = delete;

private:
  const char *name_;
};

bool has(const SearchPath &path, const fs::path &manifests) {
  for (const auto &place : path.dirs)
    if (place.manifests == manifests) return true;
  return false;
}

std::string manifest(const std::string &id, const std::string &version) {
  return R"({"manifest_version":1,"id":")" + id + R"(","version":")" + version + R"(","library":")" + id +
         R"(.so","arch":"x86_64-linux-gnu","abi":{"major":1,"minor":0,"min_host_minor":0},"interfaces":["ksail.provider/1"],"provider_names":["Cloud"]})";
}

} // namespace

TEST_CASE("KSAIL_PLUGIN_PATH comes first, absolute paths only") {
  const Variable variable("KSAIL_PLUGIN_PATH", "/one::relative/two:/three");
  const auto path = default_search_path(false);
  REQUIRE(path.dirs.size() >= 2);
  CHECK(path.dirs[0].manifests == "/one");
  CHECK(path.dirs[1].manifests == "/three");
  REQUIRE(path.warnings.size() == 1);
  CHECK_THAT(path.warnings[0], Contains("relative/two"));
}

TEST_CASE("the user's own plugins are looked for only where that is allowed") {
  const Variable variable("XDG_DATA_HOME", "/my/data");
  CHECK(has(default_search_path(true), "/my/data/ksail/plugins"));
  CHECK_FALSE(has(default_search_path(false), "/my/data/ksail/plugins"));
  ::setenv("XDG_DATA_HOME", "relative", 1);
  CHECK_FALSE(has(default_search_path(true), "relative/ksail/plugins"));
}

TEST_CASE("a program of a build tree finds the plugins beside it, an installed one those of its prefix") {
  const auto path = default_search_path(false);
  CHECK(has(path, fs::path(KSAIL_BINARY_DIR) / "plugins"));
  const auto &installed = path.dirs.back();
  CHECK_THAT(installed.manifests.string(), Catch::EndsWith("/ksail/plugins.d"));
  CHECK_THAT(installed.libraries.string(), Catch::EndsWith("/ksail/plugins"));
}

TEST_CASE("of two plugins with one id the first place wins, and a directory counts once") {
  const test::TemporaryDirectory folder;
  folder.write("a/cloud.json", manifest("cloud", "1.0"));
  folder.write("a/other.txt", "");
  folder.write("b/cloud.json", manifest("cloud", "2.0"));
  folder.write("b/broken.json", "{");
  fs::create_directory_symlink(folder.path() / "a", folder.path() / "link");
  SearchPath path;
  for (const char *name : {"missing", "a", "link", "b"})
    path.dirs.emplace_back(folder.path() / name);
  const auto found = discover(path);
  REQUIRE(found.size() == 3);
  CHECK_FALSE(found[0].shadowed);
  REQUIRE(found[0].manifest_path.parent_path().filename() == "a");
  CHECK(found[1].manifest_path.filename() == "broken.json");
  CHECK_FALSE(found[1].manifest);
  CHECK(found[2].shadowed);
}

TEST_CASE("nothing on the path is no error, a plugin that is asked for and missing is") {
  CHECK(discover({}).empty());
  const auto none = find_plugin({}, "Hetzner");
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Code::plugin);
  CHECK_THAT(none.error().hint, Contains("ksail-plugin-hetzner"));
  const auto odd = find_plugin({}, "a\x1b[2J" + std::string(1000, 'x'));
  REQUIRE_FALSE(odd);
  CHECK(odd.error().message.size() < 200);
}
