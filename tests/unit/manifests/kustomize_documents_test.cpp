// SPDX-License-Identifier: Apache-2.0
// How kustomize cuts a file into documents: at lines that begin with three dashes, before it reads any YAML. Of what
// lies between two of them it takes the first document and drops the rest.
#include "kustomize_tree.hpp"
#include "manifests/kustomize/build.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::manifests;
using test::as_reference;
using test::Tree;

namespace {

std::string json_object(const std::string &name) {
  return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + "\"}}";
}
const std::string kA = json_object("a");
const std::string kB = json_object("b");
const std::string kY = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: y1\n";
const std::string kZ = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: z1\n";

/// The names of what is built of a file, the same as with the reference; "error" when both refuse it.
std::string names(const std::string &file) {
  const Tree tree({{"k/kustomization.yaml", "resources: [r.yaml]\n"}, {"k/r.yaml", file}});
  INFO(file);
  const auto text = as_reference(tree, "k");
  if (text.starts_with("error: ")) {
    return "error";
  }
  std::string found;
  for (auto at = text.find("  name: "); at != std::string::npos; at = text.find("  name: ", at + 1)) {
    found += (found.empty() ? "" : " ") + text.substr(at + 8, text.find('\n', at) - at - 8);
  }
  return found;
}

} // namespace

TEST_CASE("of what no line of dashes separates the first document counts") {
  CHECK(names(kA + kB) == "a");
  CHECK(names(kA + "\n" + kB + "\n---\n" + kY) == "a y1");
  CHECK(names("---\n" + kA + "\n" + kB) == "a");
  CHECK(names(kY + "...\n" + kZ) == "y1");
  CHECK(names(kY + "...\n---\n" + kZ) == "y1 z1");
  CHECK(names(kA + "\nxyz\n") == "a");
  CHECK(names(kA + "}\n") == "a");
  CHECK(names(kY + "...\nfoo\n") == "y1");
  CHECK(names(kA + " \"") == "error");
}

TEST_CASE("a line of dashes holds nothing but a comment") {
  CHECK(names(kY + "--- # more\n" + kZ) == "y1 z1");
  CHECK(names(kY + "---\t\r\n" + kZ) == "y1 z1");
  CHECK(names("---# first\n" + kZ) == "error");
  CHECK(names(kY + "---# c\n" + kZ) == "y1 z1");
  CHECK(names(kY + "--- " + kA + "\n") == "error");
  CHECK(names("--- " + kA + "\n") == "a");
  CHECK(names(kY + "--- " + kA) == "y1");
  CHECK(names(kY + "---foo\n" + kZ) == "error");
  CHECK(names(kY + "data: {a: \"x\n---y\nz\"}\n") == "error");
}

TEST_CASE("empty documents and directives") {
  CHECK(names("---\n---\n" + kY + "---\n---\n" + kZ) == "y1 z1");
  CHECK(names(kY + "---\n# nothing\n---\n" + kZ + "---") == "y1 z1");
  CHECK(names("%YAML 1.1\n---\n" + kY) == "error");
  CHECK(names(kY + "...\n%YAML 1.1\n---\n" + kZ) == "y1 z1");
  CHECK(names("null\n---\n" + kA) == "a");
}

TEST_CASE("what is dropped is said") {
  const Tree tree({{"k/kustomization.yaml", "resources: [r.yaml, s.yaml]\n"},
                   {"k/r.yaml", kY + "---\n" + kA + "\n\n" + kB},
                   {"k/s.yaml", kZ + "...\n# only a comment\n"}});
  const auto result = kustomize::build(tree.at("k"), {});
  REQUIRE(result);
  REQUIRE(result->warnings.size() == 1);
  CHECK(result->warnings[0].starts_with("r.yaml:8: what stands here is left out"));
}
