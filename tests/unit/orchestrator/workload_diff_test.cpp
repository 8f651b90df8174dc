// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_diff.hpp"

#include "scripted_cluster.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::test;
using nlohmann::json;

namespace {

using Differences = std::vector<ObjectDifference>;

Result<Differences> diff(ScriptedCluster &cluster, std::vector<manifests::Object> objects,
                         WorkloadDiffOptions options = {}) {
  return cluster.with<Differences>([&](kubernetes::Client &client) { return diff_objects(client, objects, options); });
}

manifests::Object config(const std::string &name, const std::string &value) {
  return manifest("v1", "ConfigMap", "a", name, {{"data", {{"key", value}}}});
}

} // namespace

TEST_CASE("diff tries the apply on the server without storing it, and says what is new, changed or the same") {
  ScriptedCluster cluster;
  cluster.script = [](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method == "PATCH") return FakeReply(200, request.body);
    if (has(request.target, "configmaps/same")) return FakeReply(200, config("same", "1").json);
    if (has(request.target, "configmaps/changed")) return FakeReply(200, config("changed", "0").json);
    return std::nullopt;
  };
  auto told = diff(cluster, {config("same", "1"), config("changed", "1"), config("new", "1")});
  REQUIRE(told);
  CHECK((*told)[0].change == "same");
  CHECK((*told)[0].text.empty());
  CHECK((*told)[1].change == "changed");
  CHECK(has((*told)[1].text, "-  key: \"0\"\n+  key: \"1\"\n"));
  CHECK((*told)[2].change == "added");
  CHECK(has((*told)[2].text, "@@ -0,0 +1,"));
  CHECK(cluster.count("PATCH") == 3);
  CHECK(cluster.count("dryRun=All") == 3);
}

TEST_CASE("an object whose namespace or definition comes with it is shown as the manifest has it") {
  ScriptedCluster cluster;
  cluster.script = [](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method == "PATCH" && has(request.target, "/configmaps/"))
      return refusal(404, "namespaces \"a\" not found");
    if (request.method == "PATCH") return FakeReply(201, request.body);
    return std::nullopt;
  };
  auto told = diff(cluster, {manifest("v1", "Namespace", "", "a"), config("x", "1"),
                             manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "w.example.org"),
                             manifest("example.org/v1", "W", "a", "w")});
  REQUIRE(told);
  CHECK((*told)[1].change == "added");
  CHECK(has((*told)[1].note, "namespace"));
  CHECK((*told)[3].change == "added");
  CHECK(has((*told)[3].note, "definition"));
}

TEST_CASE("an object that cannot be compared is told, and the others are compared all the same") {
  ScriptedCluster cluster;
  cluster.script = [](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method != "PATCH") return std::nullopt;
    if (has(request.target, "/bad")) return refusal(422, "data: Invalid value");
    return FakeReply(201, request.body);
  };
  auto told = diff(cluster, {config("bad", "1"), config("good", "1"), manifest("example.org/v1", "W", "a", "w")});
  REQUIRE(told);
  CHECK((*told)[0].change == "failed");
  CHECK((*told)[0].error->code == Code::invalid_argument);
  CHECK((*told)[1].change == "added");
  CHECK((*told)[2].error->code == Code::not_found);
}

TEST_CASE("a dry run whose connection breaks is asked again") {
  ScriptedCluster cluster;
  bool broken = false;
  cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method != "PATCH") return std::nullopt;
    FakeReply answer(201, request.body);
    if (!std::exchange(broken, true)) answer.end = FakeReply::End::silent;
    return answer;
  };
  auto told = diff(cluster, {config("x", "1")});
  REQUIRE(told);
  CHECK((*told)[0].change == "added");
}

TEST_CASE("who may not be asked at all fails the whole comparison") {
  ScriptedCluster cluster;
  cluster.script = [](const FakeRequest &) { return refusal(401, "Unauthorized"); };
  auto told = diff(cluster, {config("x", "1")});
  REQUIRE_FALSE(told);
  CHECK(told.error().code == Code::unauthenticated);
}

TEST_CASE("what a controller writes between two looks is no difference of the manifest's") {
  ScriptedCluster cluster;
  const auto state = [](const char *revision, bool annotated) {
    json object = json::parse(config("x", "1").json);
    object["metadata"]["resourceVersion"] = revision;
    if (annotated) object["metadata"]["annotations"]["controller"] = "was here";
    return FakeReply(200, object.dump());
  };
  int reads = 0;
  cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method == "PATCH") return state("8", true);
    if (has(request.target, "configmaps/x")) return ++reads == 1 ? state("7", false) : state("8", true);
    return std::nullopt;
  };
  auto told = diff(cluster, {config("x", "1")});
  REQUIRE(told);
  CHECK((*told)[0].change == "same");
  CHECK(reads == 2);
}
