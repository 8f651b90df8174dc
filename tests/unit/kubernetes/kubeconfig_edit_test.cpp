// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/kubeconfig_edit.hpp"
#include "kubernetes/yaml_tree.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::kubernetes;

namespace {

const std::string incoming = R"(apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority-data: Q0E=
    server: https://127.0.0.1:6443
  name: ksail-dev
contexts:
- context:
    cluster: ksail-dev
    user: ksail-dev
  name: ksail-dev
users:
- name: ksail-dev
  user:
    token: "0123"
current-context: ksail-dev
)";

const std::string others = R"(# my clusters
apiVersion: v1
clusters:
# production, careful
- cluster:
    server: https://prod:6443 # behind the VPN
    extensions:
    - name: team
      extension: {owner: "007", on-call: yes}
  name: prod
contexts:
- context: {cluster: prod, user: prod}
  name: prod
current-context: prod
kind: Config
preferences: {}
users:
- name: prod
  user:
    password: "0010"
    username: 'on'
    unknown-field: 1.10
)";

std::string name_at(const YamlNode &root, const char *list, std::size_t i) {
  return root.field(list)->items.at(i).text("name");
}

YamlNode tree(const std::string &text) {
  auto parsed = parse_yaml_tree(text, "test");
  REQUIRE(parsed);
  REQUIRE(*parsed);
  return **parsed;
}

std::string merged(const std::string &text) {
  auto result = with_entries(text, incoming, "config");
  REQUIRE(result);
  return *result;
}

} // namespace

TEST_CASE("entries merged into nothing make a whole kubeconfig") {
  const auto text =
      GENERATE(std::string(), std::string("\n"), std::string("null\n"), std::string("# just a comment\n"));
  const std::string result = merged(text);
  const YamlNode root = tree(result);
  CHECK(root.text("apiVersion") == "v1");
  CHECK(root.text("kind") == "Config");
  CHECK(root.text("current-context") == "ksail-dev");
  CHECK(name_at(root, "clusters", 0) == "ksail-dev");
  if (text.starts_with("#")) CHECK(result.starts_with(text));
}

TEST_CASE("every line of other entries stays as it is") {
  const std::string result = merged(others);
  for (std::size_t at = 0; at < others.size();) {
    const auto end = others.find('\n', at);
    const std::string line = others.substr(at, end - at);
    if (!line.starts_with("current-context")) CHECK_THAT(result, Catch::Contains(line + "\n"));
    at = end + 1;
  }
  const YamlNode root = tree(result);
  CHECK(root.text("current-context") == "ksail-dev");
  CHECK(name_at(root, "users", 1) == "ksail-dev");
  CHECK_FALSE(root.field("users")->items[1].field("user")->field("token")->plain);
}

TEST_CASE("merging twice changes nothing more, and removing gives the first text but for the current context") {
  const std::string once = merged(others);
  CHECK(merged(once) == once);
  auto removed = without_entries(once, "ksail-dev", "config");
  REQUIRE(removed);
  std::string expected = others;
  expected.replace(expected.find("current-context: prod"), 21, "current-context: \"\"");
  CHECK(*removed == expected);
}

TEST_CASE("an entry of the same name is replaced where it stands, and a second one of it goes") {
  const std::string text = "clusters:\n"
                           "- cluster: {server: https://old}\n"
                           "  name: ksail-dev\n"
                           "- name: other\n"
                           "  cluster: {server: https://other}\n"
                           "- cluster: {server: https://older}\n"
                           "  name: ksail-dev\n";
  const YamlNode root = tree(merged(text));
  REQUIRE(root.field("clusters")->items.size() == 2);
  CHECK(name_at(root, "clusters", 0) == "ksail-dev");
  CHECK(root.field("clusters")->items[0].field("cluster")->text("server") == "https://127.0.0.1:6443");
  CHECK(name_at(root, "clusters", 1) == "other");
}

TEST_CASE("empty lists, missing lists and missing newlines are all filled") {
  const auto text = GENERATE(as<std::string>{}, "clusters: []\ncontexts: null\nusers:\ncurrent-context: \"\"\n",
                             "clusters:\ncontexts: ~\nusers: [ ]\ncurrent-context:", "kind: Config\napiVersion: v1",
                             "clusters: # none yet\n\nusers: [] # nobody\n", "  clusters: []\n  users: []\n",
                             "---\nkind: Config\n...\n", "clusters:\r\n- name: a\r\n  cluster: {}\r\nkind: Config\r\n",
                             "users:\n- name: a\n  user: {token: |\n    x\n  }\n",
                             "clusters:\n  - name: a\n    cluster:\n      server: x");
  INFO(text);
  if (text.find("token: |") != std::string::npos) {
    CHECK_FALSE(with_entries(text, incoming, "config")); // a block scalar inside a flow mapping is no YAML
    return;
  }
  const YamlNode root = tree(merged(text));
  for (const char *list : {"clusters", "contexts", "users"})
    CHECK(root.field(list)->items.back().text("name") == "ksail-dev");
  CHECK(root.text("current-context") == "ksail-dev");
}

TEST_CASE("a kubeconfig in JSON keeps its values and their types") {
  const std::string text =
      R"({"apiVersion":"v1","kind":"Config","clusters":[{"name":"a","cluster":{"server":"https://a",)"
      R"("insecure-skip-tls-verify":true}}],"users":[{"name":"a","user":{"password":"0012"}}]})";
  const YamlNode root = tree(merged(text));
  const YamlNode &first = root.field("clusters")->items[0];
  CHECK(first.field("cluster")->field("insecure-skip-tls-verify")->plain);
  CHECK(first.field("cluster")->field("insecure-skip-tls-verify")->is_true());
  CHECK_FALSE(root.field("users")->items[0].field("user")->field("password")->plain);
  CHECK(name_at(root, "clusters", 1) == "ksail-dev");
}

TEST_CASE("anchors that the cut text defined do not break what refers to them") {
  const std::string text = "clusters:\n"
                           "- name: ksail-dev\n"
                           "  cluster: &shared\n"
                           "    server: https://shared\n"
                           "- name: other\n"
                           "  cluster: *shared\n";
  auto removed = without_entries(text, "ksail-dev", "config");
  REQUIRE(removed);
  const YamlNode root = tree(*removed);
  REQUIRE(root.field("clusters")->items.size() == 1);
  CHECK(root.field("clusters")->items[0].field("cluster")->text("server") == "https://shared");
}

TEST_CASE("removing the only entry leaves empty lists") {
  auto removed = without_entries(incoming, "ksail-dev", "config");
  REQUIRE(removed);
  CHECK(*removed == "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\ncurrent-context: \"\"\n");
}

TEST_CASE("removing what is not there returns the very same text") {
  auto removed = without_entries(others, "ksail-dev", "config");
  REQUIRE(removed);
  CHECK(*removed == others);
  CHECK(without_entries("", "x", "config"));
}

TEST_CASE("names and comments that are not ASCII do not shift the cuts") {
  const std::string text = "\xEF\xBB\xBF# Schlüssel für Köln ☃\n"
                           "clusters:\n"
                           "- name: kölner-cluster\n"
                           "  cluster: {server: 'https://köln'}\n"
                           "users:\n"
                           "- name: ü\n"
                           "  user: {}\n";
  const std::string result = merged(text);
  CHECK(result.starts_with("\xEF\xBB\xBF# Schlüssel für Köln ☃\nclusters:\n- name: kölner-cluster\n"));
  CHECK(name_at(tree(result), "clusters", 1) == "ksail-dev");
}

TEST_CASE("a broken file is refused with its line and column, a file of another kind by name") {
  auto broken = with_entries("clusters:\n- name: a\n bad: [\n", incoming, "/home/me/config");
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code == Code::config);
  CHECK_THAT(broken.error().message, Catch::StartsWith("/home/me/config:3:"));
  auto list = with_entries("- a\n- b\n", incoming, "config");
  REQUIRE_FALSE(list);
  CHECK_THAT(list.error().message, Catch::Contains("not a kubeconfig"));
}

TEST_CASE("aliases cannot make a small file large") {
  std::string bomb = "a0: &a0 [x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before + "]\n";
  }
  auto parsed = parse_yaml_tree(bomb, "config");
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == Code::config);
}
