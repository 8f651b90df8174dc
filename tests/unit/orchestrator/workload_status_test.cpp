// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_status.hpp"

#include "orchestrator/workload_await.hpp"
#include "orchestrator/workload_trouble.hpp"
#include "scripted_cluster.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::test;
using nlohmann::json;

namespace {

json thing(const std::string &api_version, const std::string &kind, const std::string &name, const std::string &owner,
           json rest = json::object()) {
  rest["apiVersion"] = api_version;
  rest["kind"] = kind;
  rest["metadata"]["name"] = name;
  rest["metadata"]["namespace"] = "a";
  rest["metadata"]["uid"] = name;
  if (!owner.empty()) rest["metadata"]["ownerReferences"] = {{{"uid", owner}, {"controller", true}}};
  return rest;
}

json waiting_pod(const std::string &reason) {
  return thing(
      "v1", "Pod", "web-1-x", "web-1",
      {{"status",
        {{"phase", "Pending"},
         {"containerStatuses",
          {{{"name", "app"}, {"state", {{"waiting", {{"reason", reason}, {"message", "no such image"}}}}}}}}}}});
}

json list(std::vector<json> items) { return {{"metadata", {{"resourceVersion", "1"}}}, {"items", std::move(items)}}; }

const json deployment = thing("apps/v1", "Deployment", "web", "", {{"spec", {{"replicas", 1}}}});

std::optional<FakeReply> web(const FakeRequest &request) {
  if (has(request.target, "watch=1")) return std::nullopt;
  if (has(request.target, "/deployments?")) return reply(list({deployment}));
  if (has(request.target, "/replicasets?"))
    return reply(list({thing("apps/v1", "ReplicaSet", "web-0", "web", {{"spec", {{"replicas", 0}}}}),
                       thing("apps/v1", "ReplicaSet", "web-1", "web", {{"spec", {{"replicas", 1}}}})}));
  if (has(request.target, "/pods?")) return reply(list({waiting_pod("ImagePullBackOff")}));
  return std::nullopt;
}

} // namespace

TEST_CASE("status is a tree by owner, without the ReplicaSets of the history") {
  ScriptedCluster cluster;
  cluster.script = web;
  auto nodes = cluster.with<std::vector<StatusNode>>([&](kubernetes::Client &client) {
    return workload_status(client,
                           {manifest("apps/v1", "Deployment", "a", "web"), manifest("v1", "ConfigMap", "a", "absent"),
                            manifest("example.org/v1", "W", "a", "w")},
                           {});
  });
  REQUIRE(nodes);
  REQUIRE(nodes->size() == 3);
  const StatusNode &top = (*nodes)[0];
  CHECK(top.object == "Deployment a/web");
  CHECK(top.state == "Failed"); // for its pod's reason
  REQUIRE(top.children.size() == 1);
  CHECK(top.children[0].object == "ReplicaSet a/web-1");
  REQUIRE(top.children[0].children.size() == 1);
  CHECK(top.children[0].children[0].reason == "container app: ImagePullBackOff: no such image");
  CHECK((*nodes)[1].state == "NotFound");
  CHECK((*nodes)[2].state == "NotFound");
  CHECK(has((*nodes)[2].reason, "example.org/v1"));
  CHECK(worst_state(*nodes) == "Failed");
  CHECK(cluster.count("watch=1") == 0);
}

TEST_CASE("without objects everything of a namespace is shown, and what may not be read is unknown") {
  ScriptedCluster cluster;
  cluster.script = [](const FakeRequest &request) -> std::optional<FakeReply> {
    if (has(request.target, "/services?")) return refusal(403, "services is forbidden");
    return web(request);
  };
  WorkloadStatusOptions options;
  options.default_namespace = "a";
  auto nodes = cluster.with<std::vector<StatusNode>>(
      [&](kubernetes::Client &client) { return workload_status(client, {}, options); });
  REQUIRE(nodes);
  REQUIRE(nodes->size() == 2);
  CHECK((*nodes)[0].object == "Deployment a/web");
  CHECK((*nodes)[1].state == "Unknown");
  CHECK(has((*nodes)[1].reason, "forbidden"));
}

TEST_CASE("an object that is being deleted says what holds it") {
  StatusBoard board;
  json object = thing("v1", "ConfigMap", "x", "");
  object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  object["metadata"]["finalizers"] = {"example.org/hold"};
  board.changed("c", "ADDED", object);
  const auto nodes = board.tree({{"c", "a", "x", "ConfigMap a/x"}});
  CHECK(nodes[0].state == "Terminating");
  CHECK(nodes[0].reason == "its finalizer example.org/hold has not been removed");
  board.changed("c", "DELETED", object);
  CHECK(board.tree({{"c", "a", "x", "ConfigMap a/x"}})[0].state == "NotFound");
}

TEST_CASE("objects that own one another do not make the tree endless") {
  StatusBoard board;
  board.changed("c", "ADDED", thing("v1", "ConfigMap", "x", "y"));
  board.changed("c", "ADDED", thing("v1", "ConfigMap", "y", "x"));
  CHECK(board.whole().size() == 2);
}

namespace {

Result<std::vector<AwaitedObject>> await(ScriptedCluster &cluster, std::vector<manifests::Object> objects,
                                         WorkloadAwaitOptions options) {
  return cluster.with<std::vector<AwaitedObject>>(
      [&](kubernetes::Client &client) -> asio::awaitable<Result<std::vector<AwaitedObject>>> {
        timing::Recorder recorder;
        auto awaited = co_await await_objects(client, objects, options, recorder, nullptr);
        co_return std::move(awaited);
      });
}

} // namespace

TEST_CASE("waiting fails at once for an image that cannot be pulled, and says what does not exist") {
  ScriptedCluster cluster;
  cluster.script = web;
  WorkloadAwaitOptions options;
  options.timeout = std::chrono::milliseconds(500);
  auto awaited =
      await(cluster, {manifest("apps/v1", "Deployment", "a", "web"), manifest("v1", "Secret", "a", "s")}, options);
  REQUIRE(awaited);
  CHECK((*awaited)[0].error->code == Code::failed_precondition);
  CHECK(has((*awaited)[0].error->message, "ImagePullBackOff"));
  CHECK((*awaited)[0].seconds < 0.4);
  CHECK((*awaited)[1].error->code == Code::deadline_exceeded);
  CHECK(has((*awaited)[1].error->message, "it does not exist"));
}

TEST_CASE("the error of a crash loop ends with the last lines of the log") {
  ScriptedCluster cluster;
  cluster.script = [](const FakeRequest &request) -> std::optional<FakeReply> {
    if (has(request.target, "/log?")) {
      CHECK(has(request.target, "/pods/web-1-x/log?tailLines=5"));
      CHECK(has(request.target, "container=app&previous=true"));
      return FakeReply(200, "cannot open\nthe database\n");
    }
    if (!has(request.target, "watch=1") && has(request.target, "/pods?")) {
      json pod = waiting_pod("CrashLoopBackOff");
      pod["status"]["containerStatuses"][0]["restartCount"] = 3;
      return reply(list({pod}));
    }
    return web(request);
  };
  auto awaited = await(cluster, {manifest("apps/v1", "Deployment", "a", "web")}, {});
  REQUIRE(awaited);
  CHECK(has((*awaited)[0].error->message, "(last log lines: cannot open | the database)"));
}

TEST_CASE("waiting for a condition, and for objects to go") {
  ScriptedCluster cluster;
  cluster.script = [](const FakeRequest &request) -> std::optional<FakeReply> {
    if (!has(request.target, "/deployments?") || has(request.target, "watch=1")) return std::nullopt;
    json with = deployment;
    with["status"]["observedGeneration"] = 0;
    with["status"]["conditions"] = {{{"type", "Available"}, {"status", "False"}}};
    return reply(list({with}));
  };
  WorkloadAwaitOptions options;
  options.until = WorkloadAwaitOptions::Until::condition;
  options.condition = "Available";
  options.status = "False";
  auto awaited = await(cluster, {manifest("apps/v1", "Deployment", "a", "web")}, options);
  REQUIRE(awaited);
  CHECK_FALSE((*awaited)[0].error);
  ScriptedCluster empty;
  options.until = WorkloadAwaitOptions::Until::gone;
  auto gone =
      await(empty, {manifest("apps/v1", "Deployment", "a", "web"), manifest("example.org/v1", "W", "a", "w")}, options);
  REQUIRE(gone);
  CHECK_FALSE((*gone)[0].error);
  CHECK_FALSE((*gone)[1].error);
}

TEST_CASE("a quota is a refusal, a ServiceAccount in the making is not, and a pod that comes after all ends it") {
  const std::string quota = "Error creating: pods \"x\" is forbidden: exceeded quota: none, used: pods=0";
  CHECK(is_refusal(quota));
  CHECK(is_refusal("admission webhook \"x\" denied the request: no"));
  CHECK_FALSE(is_refusal("pods \"x\" is forbidden: error looking up service account a/b: not found"));
  CHECK_FALSE(is_refusal("connection refused"));
  PodBoard board;
  const json job = thing("batch/v1", "Job", "once", "");
  CHECK(board.changed("ADDED", {{"kind", "Event"}, {"involvedObject", {{"uid", "once"}}}, {"message", quota}}));
  REQUIRE(board.of(job));
  CHECK(board.of(job)->refused);
  CHECK_FALSE(board.of(job)->lasting);
  board.changed("ADDED", thing("v1", "Pod", "once-x", "once"));
  CHECK_FALSE(board.of(job));
}
