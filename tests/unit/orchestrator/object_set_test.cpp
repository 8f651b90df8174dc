// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/object_set.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace ksail;
using nlohmann::json;

namespace {

struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "ksail-object-set-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string write(const std::string &name, const std::string &text) const {
    std::ofstream(path / name) << text;
    return (path / name).string();
  }
};

std::string config(const std::string &name, const std::string &value, const std::string &ns = "") {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + (ns.empty() ? "" : "\n  namespace: " + ns) +
         "\ndata: {key: \"" + value + "\"}\n";
}

std::string value_of(const ObjectSet &set, std::size_t i) {
  auto object = set.read(i);
  REQUIRE(object);
  return json::parse(object->json)["data"].value("key", "");
}

} // namespace

TEST_CASE("what objects say is read again from where it stands, whatever way it was written") {
  Folder folder;
  const auto file = folder.write(
      "all.yaml",
      "# first\n---\n" + config("a", "1") + "---\n" + config("b", "2", "shop") +
          "---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, "
          "data: {key: \"3\"}}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: d}, data: {key: \"4\"}}\n"
          "---\n{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"e\"}, \"data\": "
          "{\"key\": \"5\"}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: f}\ndata: &x {key: \"6\"}\n");
  ObjectSet set;
  REQUIRE(set.add_file(file));
  REQUIRE(set.size() == 6);
  for (std::size_t i = 6; i-- > 0;) {
    CHECK(set.head(i).json.empty());
    CHECK(set.head(i).name == std::string(1, static_cast<char>('a' + i)));
    CHECK(value_of(set, i) == std::to_string(i + 1));
    CHECK(set.read(i)->where.describe() == set.head(i).where.describe());
  }
  CHECK(set.head(1).ns == "shop");
}

TEST_CASE("the same object with the same content counts once, in whatever words") {
  Folder folder;
  ObjectSet set("home");
  REQUIRE(set.add_file(folder.write("a.yaml", config("a", "1"))));
  REQUIRE(set.add_file(
      folder.write("b.json", R"({"kind":"ConfigMap","data":{"key":"1"},"apiVersion":"v1","metadata":{"name":"a"}})")));
  CHECK(set.size() == 1);
  CHECK(set.repeated() == 1);
  REQUIRE(set.add_file(folder.write("c.yaml", config("a", "2", "elsewhere"))));
  CHECK(set.size() == 2);
}

TEST_CASE("the same object with other content is refused with both places, or the last one wins") {
  Folder folder;
  const auto first = folder.write("first.yaml", config("a", "1"));
  const auto second = folder.write("second.yaml", config("x", "0") + "---\n" + config("a", "2", "default"));
  ObjectSet strict;
  REQUIRE(strict.add_file(first));
  const auto refused = strict.add_file(second);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::config);
  CHECK_THAT(refused.error().message, Catch::Contains("first.yaml:1:1") && Catch::Contains("second.yaml:7:1"));
  CHECK_THAT(refused.error().hint, Catch::Contains("--last-wins"));
  ObjectSet lenient("default", true);
  REQUIRE(lenient.add_file(first));
  REQUIRE(lenient.add_file(second));
  REQUIRE(lenient.size() == 2);
  CHECK(value_of(lenient, 0) == "2");
}

TEST_CASE("a cluster-scoped object is the same with and without a namespace, and versions do not make another") {
  ObjectSet set;
  manifests::Object role;
  role.api_version = "rbac.authorization.k8s.io/v1";
  role.kind = "ClusterRole";
  role.name = "r";
  role.json = R"({"kind":"ClusterRole"})";
  REQUIRE(set.add(role));
  role.ns = "shop";
  REQUIRE(set.add(role));
  CHECK(set.size() == 1);
}

TEST_CASE("objects with generated names are never the same") {
  ObjectSet set;
  manifests::Object pod;
  pod.api_version = "v1";
  pod.kind = "Pod";
  pod.generate_name = "p-";
  pod.json = "{}";
  REQUIRE(set.add(pod));
  REQUIRE(set.add(pod));
  CHECK(set.size() == 2);
  CHECK(set.head(1).generate_name == "p-");
}

TEST_CASE("a file that changes after it was read is noticed") {
  Folder folder;
  const auto file = folder.write("a.yaml", config("a", "1"));
  ObjectSet set;
  REQUIRE(set.add_file(file));
  folder.write("a.yaml", config("a", "1234"));
  const auto again = set.read(0);
  REQUIRE_FALSE(again);
  CHECK_THAT(again.error().message, Catch::Contains("was changed while"));
}

TEST_CASE("a pipe can be read again") {
  Folder folder;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const std::string text = config("a", "1") + "---\n" + config("b", "2");
  REQUIRE(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  ObjectSet set;
  REQUIRE(set.add_file("/dev/fd/" + std::to_string(ends[0])));
  ::close(ends[0]);
  REQUIRE(set.size() == 2);
  CHECK(value_of(set, 1) == "2");
  CHECK(value_of(set, 0) == "1");
}

TEST_CASE("objects are all found again, also when there are so many that their places stand in a file") {
  constexpr std::size_t count = 60000;
  ObjectSet set("n0", true);
  manifests::Object one;
  one.api_version = "v1";
  for (std::size_t i = 0; i < count; ++i) {
    one.kind = i % 2 ? "ConfigMap" : "Secret";
    one.ns = "n" + std::to_string(i % 7);
    one.name = "o" + std::to_string(i);
    one.json = "{\"data\":" + std::to_string(i) + "}";
    REQUIRE(set.add(one));
  }
  CHECK(set.size() == count);
  // Some of them again, from all over; every third says something else and takes the place of the former.
  for (std::size_t i = 0; i < count; i += 1001) {
    one.kind = i % 2 ? "ConfigMap" : "Secret";
    one.ns = "n" + std::to_string(i % 7);
    one.name = "o" + std::to_string(i);
    one.json = "{\"data\":" + std::to_string(i % 3 ? i : i + 1) + "}";
    REQUIRE(set.add(one));
  }
  CHECK(set.size() == count);
  CHECK(set.repeated() == 40);
  for (const std::size_t i : {std::size_t{0}, std::size_t{1001}, std::size_t{3003}, count - 1}) {
    CHECK(set.head(i).name == "o" + std::to_string(i));
    CHECK(set.head(i).ns == "n" + std::to_string(i % 7));
    const std::size_t said = i % 1001 == 0 && i % 3 == 0 ? i + 1 : i;
    CHECK(set.read(i)->json == "{\"data\":" + std::to_string(said) + "}");
  }
}

TEST_CASE("an index gives what it was asked for, and nothing for what it never saw") {
  IdentityIndex index;
  const IdentityIndex::Same any = [](std::uint32_t) -> Result<bool> { return true; };
  CHECK_FALSE(*index.find(7, any));
  // Many with the same tag, and in the same part: told apart by who is asked.
  for (std::uint32_t i = 0; i < 100; ++i)
    index.insert((std::uint64_t{i} << 34U) | 0xFFFFFFF0U, i);
  for (std::uint32_t i = 0; i < 100; ++i) {
    const IdentityIndex::Same this_one = [i](std::uint32_t number) -> Result<bool> { return number == i; };
    CHECK(*index.find(0xFFFFFFF0U, this_one) == i);
  }
  const IdentityIndex::Same none = [](std::uint32_t) -> Result<bool> { return false; };
  CHECK_FALSE(*index.find(0xFFFFFFF0U, none));
  const IdentityIndex::Same broken = [](std::uint32_t) -> Result<bool> { return Error(Code::config, "unreadable"); };
  CHECK_FALSE(index.find(0xFFFFFFF0U, broken));
}

TEST_CASE("a text that is in no file is kept and read again") {
  ObjectSet set;
  REQUIRE(set.add_text("https://example.com/a.yaml", config("a", "1") + "---\n" + config("b", "2")));
  REQUIRE(set.add_text("https://example.com/b.yaml", "# nothing\n"));
  REQUIRE(set.add_text("https://example.com/c.yaml", config("c", "3")));
  REQUIRE(set.size() == 3);
  CHECK(value_of(set, 2) == "3");
  CHECK(value_of(set, 1) == "2");
  CHECK(set.head(1).where.describe() == "https://example.com/a.yaml:7:1");
  CHECK_FALSE(set.add_text("https://example.com/d.yaml", "no manifest\n"));
}
