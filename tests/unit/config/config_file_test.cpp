// SPDX-License-Identifier: Apache-2.0
// ksail.yaml: what is understood, and where what is wrong is said to be.
#include "config/config_file.hpp"
#include "config/foreign_key.hpp"

#include "temporary_directory.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::config;
using Catch::Contains;
using Catch::StartsWith;

namespace {

const Choices choices = {{"Vanilla", "K3s"}, {"Docker"}};
const std::string head = "apiVersion: ksail.io/v1alpha1\nkind: Cluster\n";

Result<ConfigFile> parsed(const std::string &text, const Environment &environment = {}) {
  return parse_config(text, "ksail.yaml", environment, choices);
}
ConfigFile good(const std::string &text, const Environment &environment = {}) {
  auto file = parsed(text, environment);
  if (!file) FAIL(file.error().message);
  return *file;
}
Error bad(const std::string &text) {
  INFO(text);
  const auto file = parsed(text);
  REQUIRE_FALSE(file);
  CHECK(file.error().code == Code::config);
  return file.error();
}

} // namespace

TEST_CASE("a whole file becomes entries with their places") {
  const auto file = good(head + "metadata:\n"
                                "  name: shop\n"
                                "spec:\n"
                                "  cluster:\n"
                                "    distribution: vanilla\n"
                                "    workers: 2\n"
                                "    connection: {timeout: 5m}\n"
                                "  vanilla:\n"
                                "    nodeImage: kindest/node:v1.34.0\n"
                                "  workload:\n"
                                "    sourceDirectory: k8s\n");
  REQUIRE(file.entries.size() == 6);
  CHECK(file.warnings.empty());
  CHECK(file.entries[0].key == "metadata.name");
  CHECK(file.entries[0].value == "shop");
  CHECK(file.entries[0].where == "ksail.yaml:4:9");
  CHECK(file.entries[1].value == "Vanilla"); // normalised
  CHECK(file.entries[2].where == "ksail.yaml:8:14");
  CHECK(file.entries[3].key == "spec.cluster.connection.timeout");
  CHECK(file.entries[3].where == "ksail.yaml:9:27");
}

TEST_CASE("JSON is YAML") {
  const auto file =
      good(R"({"apiVersion": "ksail.io/v1alpha1", "kind": "Cluster", "spec": {"cluster": {"workers": 1}}})");
  REQUIRE(file.entries.size() == 1);
  CHECK(file.entries[0].value == "1");
}

TEST_CASE("empty values and sections are unset") {
  const auto file = good(head + "metadata:\nspec:\n  cluster:\n    workers:\n    cni: \"\"\n    connection: ~\n");
  CHECK(file.entries.empty());
}

TEST_CASE("unknown fields are told with their place and what was meant") {
  const auto error = bad(head + "spec:\n  cluster:\n    distributon: Vanilla\n");
  CHECK(error.message == "ksail.yaml:5:5: unknown field 'distributon' in spec.cluster");
  CHECK(error.hint == "did you mean 'distribution'?");
  CHECK_THAT(bad(head + "zzzzzz: 1\n").message, StartsWith("ksail.yaml:3:1: unknown field 'zzzzzz'"));
  CHECK_THAT(bad(head + "zzzzzz: 1\n").hint, Contains("apiVersion, kind, metadata or spec"));
}

TEST_CASE("letter case matters in fields") {
  CHECK_THAT(bad(head + "spec:\n  cluster:\n    Workers: 2\n").hint, Contains("'workers'"));
}

TEST_CASE("wrong values are told with the place of the value") {
  const auto error = bad(head + "spec:\n  cluster:\n    workers: many\n");
  CHECK(error.message == "ksail.yaml:5:14: spec.cluster.workers: 'many' is not a number");
  CHECK_THAT(bad(head + "spec:\n  cluster:\n    workers: [1]\n").message, Contains("5:14") && Contains("single value"));
  CHECK_THAT(bad(head + "spec:\n  cluster: 5\n").message, Contains("4:12") && Contains("has to be a map"));
  CHECK_THAT(bad(head + "spec:\n  cluster: [a]\n").hint, Contains("controlPlanes"));
  CHECK_THAT(bad(head + "metadata:\n  name: Shop\n").message, StartsWith("ksail.yaml:4:9: metadata.name: 'Shop'"));
}

TEST_CASE("every error of a file is told, in its order") {
  const auto error = bad(head + "metadata: {name: A}\nspec:\n  cluster:\n    workers: x\n    zzzzzz: 1\n");
  CHECK(error.message == "ksail.yaml has 3 errors");
  REQUIRE(error.causes.size() == 3);
  CHECK_THAT(error.causes[0].message, StartsWith("ksail.yaml:3:18:"));
  CHECK_THAT(error.causes[1].message, StartsWith("ksail.yaml:6:14:"));
  CHECK_THAT(error.causes[2].message, StartsWith("ksail.yaml:7:5:"));
}

TEST_CASE("text that is no YAML is told with its place") {
  CHECK_THAT(bad(head + "spec: [\n").message, StartsWith("ksail.yaml:"));
  CHECK_THAT(bad(head + "\tspec: 1\n").message, StartsWith("ksail.yaml:3:"));
  CHECK_THAT(bad(head + "spec:\n  a: b: c\n").message, StartsWith("ksail.yaml:4:"));
  CHECK_THAT(bad("just words\n").message, StartsWith("ksail.yaml:1:1: a map of"));
  CHECK_THAT(bad("").message, Contains("ksail.yaml is empty"));
  CHECK_THAT(bad("# nothing\n").message, Contains("ksail.yaml is empty"));
  CHECK_THAT(bad(head + "spec: &a {b: *a}\n").message, StartsWith("ksail.yaml:"));
}

TEST_CASE("a field given twice is refused, also when both say the same") {
  CHECK(bad(head + "spec:\n  cluster:\n    workers: 1\n    workers: 1\n").message ==
        "ksail.yaml:6:5: field 'workers' is given twice");
}

TEST_CASE("one file is one cluster, of a version that is known") {
  CHECK_THAT(bad(head + "---\n" + head).message, Contains("a second document starts here"));
  CHECK_THAT(bad("kind: Cluster\n").message, Contains("apiVersion is missing"));
  CHECK_THAT(bad("apiVersion: ksail.io/v1alpha1\n").message, Contains("kind is missing"));
  CHECK_THAT(bad("apiVersion: ksail.io/v2\nkind: Cluster\n").message,
             StartsWith("ksail.yaml:1:13: apiVersion is 'ksail.io/v2'"));
  CHECK_THAT(bad("apiVersion: ksail.io/v1alpha1\nkind: Pod\n").hint, Contains("kind Cluster"));
}

TEST_CASE("variables are replaced, and a missing one is a warning with its place") {
  const Environment environment = {{"WORKERS", "3"}};
  const auto file = good(
      head + "metadata:\n  name: ${NAME:-shop}\nspec:\n  cluster:\n    workers: ${WORKERS}\n    apiPort: ${PORT}\n",
      environment);
  REQUIRE(file.entries.size() == 2);
  CHECK(file.entries[0].value == "shop");
  CHECK(file.entries[1].value == "3");
  REQUIRE(file.warnings.size() == 1);
  CHECK_THAT(file.warnings[0], StartsWith("ksail.yaml:8:14: the variable PORT is not set"));
}

TEST_CASE("fields of the Go ksail: a warning where ignoring is harmless, an error of its own where it is not") {
  const auto file = good(head + "spec:\n"
                                "  editor: vim\n"
                                "  chat: {model: x}\n"
                                "  cluster:\n"
                                "    csi: Default\n"
                                "    gitOpsEngine: none\n"
                                "    certManager: Disabled\n"
                                "    autoscaler: {node: {enabled: false}}\n"
                                "    hetzner: {location: fsn1}\n"
                                "  workload: {tag: dev}\n");
  CHECK(file.entries.empty());
  REQUIRE(file.warnings.size() == 8);
  for (const auto &warning : file.warnings)
    CHECK_THAT(warning, StartsWith("ksail.yaml:") && Contains("is a field of the Go ksail that has no effect here"));
  CHECK_THAT(file.warnings[0], StartsWith("ksail.yaml:4:3: spec.editor"));

  const auto error = bad(head + "spec:\n  cluster:\n    gitOpsEngine: Flux\n");
  CHECK_THAT(error.message, StartsWith("ksail.yaml:5:5: spec.cluster.gitOpsEngine is a field of the Go ksail"));
  CHECK_THAT(error.hint, Contains("ksail workload apply"));
  CHECK_THAT(bad(head + "spec:\n  cluster:\n    localRegistry: {registry: localhost:5050}\n").message,
             Contains("spec.cluster.localRegistry has to be a single value"));
  CHECK_THAT(bad(head + "spec:\n  cluster:\n    autoscaler: {node: {enabled: true}}\n").message,
             Contains("autoscaler.node.enabled"));
  CHECK_THAT(bad(head + "spec:\n  cluster:\n    distributionConfig: kind.yaml\n").hint, Contains("controlPlanes"));
}

TEST_CASE("no key is both ours and foreign") {
  for (const auto &setting : settings())
    CHECK(find_foreign_key(setting.key) == nullptr);
  CHECK(find_foreign_key("spec.cluster.csiX") == nullptr);
  CHECK(find_foreign_key("spec.cluster.csi") != nullptr);
}

TEST_CASE("the nearest file above is found") {
  const test::TemporaryDirectory folder;
  const auto file = folder.write("a/ksail.yaml", head);
  folder.write("a/b/c/other.yaml", "");
  CHECK(find_config_file((folder.path() / "a/b/c").string()) == file);
  CHECK(find_config_file((folder.path() / "a").string()) == file);
  const auto nearer = folder.write("a/b/ksail.yaml", head);
  CHECK(find_config_file((folder.path() / "a/b/c").string()) == nearer);
}

TEST_CASE("files that cannot be read are named as they were given") {
  const test::TemporaryDirectory folder;
  const auto missing = read_config_file(folder.file("none.yaml"), "none.yaml", {}, choices);
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.error().message, StartsWith("cannot read none.yaml: No such file"));
  const auto directory = read_config_file(folder.path().string(), "here", {}, choices);
  REQUIRE_FALSE(directory);
  CHECK_THAT(directory.error().message, Contains("Is a directory"));
  folder.write("big.yaml", head + std::string(1100000, '#'));
  const auto big = read_config_file(folder.file("big.yaml"), "big.yaml", {}, choices);
  REQUIRE_FALSE(big);
  CHECK_THAT(big.error().message, Contains("larger than 1 MiB"));
}
