// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_delete.hpp"

#include "orchestrator/deletion_order.hpp"
#include "orchestrator/workload_gone.hpp"
#include "scripted_cluster.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace ksail;
using namespace ksail::test;
using nlohmann::json;

namespace {

Result<DeletionReport> remove(ScriptedCluster &cluster, std::vector<manifests::Object> objects,
                              WorkloadDeleteOptions options = {}, DeletionEvents events = {}) {
  return cluster.with<DeletionReport>([&](kubernetes::Client &client) -> asio::awaitable<Result<DeletionReport>> {
    timing::Recorder recorder;
    auto report = co_await delete_objects(client, objects, options, recorder, events);
    co_return std::move(report);
  });
}

const FakeReply success = reply({{"kind", "Status"}, {"status", "Success"}});

json held(const std::string &kind, const std::string &name, const std::string &uid, const std::string &finalizer) {
  return {{"kind", kind},
          {"metadata",
           {{"name", name},
            {"namespace", "a"},
            {"uid", uid},
            {"deletionTimestamp", "2026-01-01T00:00:00Z"},
            {"finalizers", {finalizer}}}}};
}

std::vector<manifests::Object> everything() {
  return {manifest("v1", "Namespace", "", "a"),
          manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "ws.example.org",
                   {{"spec",
                     {{"group", "example.org"},
                      {"scope", "Namespaced"},
                      {"names", {{"kind", "W"}, {"plural", "ws"}}},
                      {"versions", {{{"name", "v1"}}}}}}}),
          manifest("v1", "ConfigMap", "a", "settings"),
          manifest("apps/v1", "Deployment", "a", "web"),
          manifest("example.org/v1", "W", "a", "w"),
          manifest("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "", "hook")};
}

const json kinds = {{"resources", {{{"name", "ws"}, {"kind", "W"}, {"namespaced", true}}}}};

} // namespace

TEST_CASE("objects go in the reverse of the order they need each other") {
  ScriptedCluster cluster;
  cluster.script = [](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method == "DELETE") return success;
    if (has(request.target, "/apis/example.org/v1")) return reply(kinds);
    return std::nullopt;
  };
  auto report = remove(cluster, everything());
  REQUIRE(report);
  CHECK(report->failed == 0);
  const auto at = [&](const char *part) { return cluster.at(std::string("DELETE ") + part); };
  const auto hook = at("/apis/admissionregistration.k8s.io"), w = at("/apis/example.org/v1/namespaces/a/ws/w");
  const auto web = at("/apis/apps/v1"), settings = at("/api/v1/namespaces/a/configmaps");
  const auto definition = at("/apis/apiextensions.k8s.io"), ns = cluster.at("DELETE /api/v1/namespaces/a?");
  CHECK(hook < w);
  CHECK(w < web);
  CHECK(web < settings);
  CHECK(settings < definition);
  CHECK(cluster.count("DELETE") == 6);
  (void)ns;
  CHECK(has(cluster.server.seen().back().target, "/api/v1/namespaces/a"));
  CHECK(json::parse(cluster.server.seen().back().body)["propagationPolicy"] == "Background");
}

TEST_CASE("what is gone already, and what the server has no kind for, is no error") {
  ScriptedCluster cluster;
  auto report = remove(cluster, {manifest("v1", "ConfigMap", "a", "x"), manifest("example.org/v1", "W", "a", "w")});
  REQUIRE(report);
  CHECK(report->failed == 0);
  CHECK(report->objects[0].effect == "absent");
  CHECK(report->objects[1].effect == "absent");
  CHECK(has(report->objects[1].note, "example.org/v1"));
}

TEST_CASE("a deletion is over when the object is gone, not when the server has taken the request") {
  ScriptedCluster cluster;
  bool gone = false;
  const json object = held("ConfigMap", "x", "u", "example.org/hold");
  cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method == "DELETE") return reply(object);
    if (has(request.target, "watch=1")) {
      gone = true; // and the watch says so
      FakeReply stream;
      stream.pieces = {watch_event("DELETED", object)};
      stream.end = FakeReply::End::hold;
      return stream;
    }
    if (has(request.target, "configmaps?"))
      return reply({{"metadata", {{"resourceVersion", "1"}}}, {"items", {object}}});
    if (has(request.target, "configmaps/x") && !gone) return reply(object);
    return std::nullopt;
  };
  std::string why;
  DeletionEvents events;
  events.held = [&](const std::string &, const std::string &reason) { why = reason; };
  auto report = remove(cluster, {manifest("v1", "ConfigMap", "a", "x")}, {}, events);
  REQUIRE(report);
  CHECK(report->failed == 0);
  CHECK(report->objects[0].effect == "deleted");
  CHECK(gone);
  CHECK(has(why, "example.org/hold"));
}

TEST_CASE("another object of the same name is not the one that was deleted") {
  ScriptedCluster cluster;
  cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method == "DELETE") return reply(held("ConfigMap", "x", "old", "f"));
    if (has(request.target, "configmaps/x")) return reply(held("ConfigMap", "x", "new", "f"));
    return std::nullopt;
  };
  auto report = remove(cluster, {manifest("v1", "ConfigMap", "a", "x")});
  REQUIRE(report);
  CHECK(report->objects[0].effect == "deleted");
}

TEST_CASE("what still holds an object at the end is named, and what may have to clean it up is left alone") {
  ScriptedCluster cluster;
  const json object = held("W", "w", "u", "example.org/hold");
  cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (has(request.target, "/ws/w")) return reply(object);
    if (has(request.target, "/apis/example.org/v1/namespaces/a/ws"))
      return has(request.target, "watch=1")
                 ? std::nullopt
                 : std::optional(reply({{"metadata", {{"resourceVersion", "1"}}}, {"items", {object}}}));
    if (has(request.target, "/apis/example.org/v1")) return reply(kinds);
    if (request.method == "DELETE") return success;
    return std::nullopt;
  };
  WorkloadDeleteOptions options;
  options.timeout = std::chrono::milliseconds(300);
  auto report = remove(cluster, everything(), options);
  REQUIRE(report);
  CHECK(report->failed == 5);
  CHECK(report->objects[4].effect == "failed");
  CHECK(report->objects[4].error->code == Code::deadline_exceeded);
  CHECK(has(report->objects[4].error->message, "its finalizer example.org/hold has not been removed"));
  CHECK(report->objects[3].effect == "skipped");
  CHECK(has(report->objects[3].error->message, "W a/w is still there"));
  CHECK(report->objects[5].effect == "deleted");
  CHECK(cluster.count("DELETE /apis/apps/v1") == 0);
}

TEST_CASE("without waiting, everything is asked for at once") {
  ScriptedCluster cluster;
  cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (has(request.target, "/apis/example.org/v1") && request.method == "GET") return reply(kinds);
    if (request.method == "DELETE") return reply(held("X", "x", "u", "f"));
    return std::nullopt;
  };
  WorkloadDeleteOptions options;
  options.wait = false;
  options.grace_seconds = 0;
  options.propagation = "Foreground";
  auto report = remove(cluster, everything(), options);
  REQUIRE(report);
  CHECK(report->failed == 0);
  CHECK(cluster.count("watch=1") == 0);
  const json body = json::parse(cluster.server.seen().back().body);
  CHECK(body["gracePeriodSeconds"] == 0);
  CHECK(body["propagationPolicy"] == "Foreground");
}

TEST_CASE("what depends on another object goes before it, whatever the kinds") {
  auto config = manifest("v1", "ConfigMap", "a", "late");
  auto hook =
      manifest("apps/v1", "Deployment", "a", "first",
               {{"metadata", {{"annotations", {{"config.kubernetes.io/depends-on", "/namespaces/a/Service/s"}}}}}});
  auto service = manifest("v1", "Service", "a", "s");
  auto chained =
      manifest("v1", "ConfigMap", "a", "needs-s",
               {{"metadata", {{"annotations", {{"config.kubernetes.io/depends-on", "/namespaces/a/Service/s"}}}}}});
  const auto steps = deletion_order({config, hook, service, chained}, "default");
  CHECK(steps[2].after == std::vector<std::size_t>{1, 3});
  CHECK(steps[2].stage == DeletionStage::config); // no earlier than what needs it
  CHECK(steps[1].stage == DeletionStage::workload);
}

TEST_CASE("a deletion that is refused is told with the reason, and a server that asks for patience gets it") {
  ScriptedCluster cluster;
  int patience = 2;
  cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method != "DELETE") return std::nullopt;
    if (has(request.target, "/secrets/")) return refusal(403, "secrets \"x\" is forbidden");
    if (patience-- > 0) {
      FakeReply later = refusal(429, "later");
      later.headers.add("Retry-After", "0");
      return later;
    }
    return success;
  };
  auto report = remove(cluster, {manifest("v1", "Secret", "a", "x"), manifest("v1", "ConfigMap", "a", "y")});
  REQUIRE(report);
  CHECK(report->failed == 1);
  CHECK(report->objects[0].error->code == Code::permission_denied);
  CHECK(report->objects[1].effect == "deleted");
}

TEST_CASE("why an object is still there is read from itself") {
  CHECK(deletion_block(held("PersistentVolumeClaim", "x", "u", "kubernetes.io/pvc-protection")) ==
        "a pod still uses it");
  json ns = {{"kind", "Namespace"},
             {"status",
              {{"conditions",
                {{{"type", "NamespaceContentRemaining"},
                  {"status", "True"},
                  {"message", "Some resources are remaining: ws.example.org has 1 resource instances"}},
                 {{"type", "NamespaceDeletionDiscoveryFailure"}, {"status", "False"}, {"message", "fine"}}}}}}};
  CHECK(deletion_block(ns) == "Some resources are remaining: ws.example.org has 1 resource instances");
  json pod = {{"kind", "Pod"}, {"metadata", {{"deletionGracePeriodSeconds", 30}}}, {"spec", {{"nodeName", "n1"}}}};
  CHECK(deletion_block(pod) == "its containers have not ended yet (they have 30s); node n1 has to report it");
  CHECK(deletion_block(json({{"kind", "ConfigMap"}})).empty());
}
