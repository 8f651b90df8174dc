// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_body.hpp"
#include "orchestrator/workload_pace.hpp"
#include "orchestrator/workload_readiness.hpp"
#include "orchestrator/workload_refusal.hpp"
#include "orchestrator/workload_retry.hpp"
#include "orchestrator/workload_trouble.hpp"
#include "run_coroutine.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace ksail;
using nlohmann::json;

namespace {

Readiness state(const std::string &yaml_like_json, ReadinessHints hints = {}) {
  return assess_readiness(json::parse(yaml_like_json), hints).state;
}

json deployment(json status, int generation = 2) {
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata",
           {{"name", "web"},
            {"uid", "d"},
            {"generation", generation},
            {"annotations", {{"deployment.kubernetes.io/revision", "2"}}}}},
          {"spec", {{"replicas", 2}, {"progressDeadlineSeconds", 600}}},
          {"status", std::move(status)}};
}

json complete() {
  return {{"observedGeneration", 2},
          {"replicas", 2},
          {"updatedReplicas", 2},
          {"readyReplicas", 2},
          {"availableReplicas", 2},
          {"conditions",
           {{{"type", "Progressing"}, {"status", "True"}, {"reason", "NewReplicaSetAvailable"}},
            {{"type", "Available"}, {"status", "True"}}}}};
}

json pod(const std::string &name, const std::string &owner, json waiting, int restarts = 0) {
  return {{"kind", "Pod"},
          {"metadata", {{"name", name}, {"uid", name}, {"ownerReferences", {{{"uid", owner}, {"controller", true}}}}}},
          {"status",
           {{"containerStatuses",
             {{{"name", "app"}, {"restartCount", restarts}, {"state", {{"waiting", std::move(waiting)}}}}}}}}};
}

json replica_set(const std::string &uid, const std::string &revision) {
  return {{"kind", "ReplicaSet"},
          {"metadata",
           {{"name", uid},
            {"uid", uid},
            {"ownerReferences", {{{"uid", "d"}, {"controller", true}}}},
            {"annotations", {{"deployment.kubernetes.io/revision", revision}}}}}};
}

} // namespace

TEST_CASE("a Deployment is ready when the new replicas are all there and the old ones gone") {
  CHECK(assess_readiness(deployment(complete()), {}).state == Readiness::ready);
  const auto with = [](const char *field, json value) {
    json status = complete();
    status[field] = std::move(value);
    return assess_readiness(deployment(status), {});
  };
  CHECK(with("updatedReplicas", 1).reason == "1 of 2 replicas updated");
  CHECK(with("replicas", 3).reason == "1 old replicas still end");
  CHECK(with("availableReplicas", 0).reason == "0 of 2 replicas available");
  CHECK(with("conditions", json::array()).state == Readiness::progressing);
  CHECK(with("observedGeneration", 1).state == Readiness::progressing);
  CHECK(assess_readiness(deployment(json::object()), {}).state == Readiness::progressing);
  const auto late = with("conditions", {{{"type", "Progressing"},
                                         {"status", "False"},
                                         {"reason", "ProgressDeadlineExceeded"},
                                         {"message", "timed out"}}});
  CHECK(late.state == Readiness::failed);
  CHECK(late.reason == "timed out");
}

TEST_CASE("a state from before our own apply is not taken for its result") {
  ReadinessHints hints;
  hints.generation = 3;
  CHECK(assess_readiness(deployment(complete()), hints).state == Readiness::progressing);
}

TEST_CASE("the readiness rules of the other kinds") {
  using R = Readiness;
  const std::string sts =
      R"({"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"generation":1},"spec":{"replicas":2)";
  CHECK(
      state(
          sts +
          R"(},"status":{"observedGeneration":1,"replicas":2,"readyReplicas":2,"currentReplicas":2,"currentRevision":"a","updateRevision":"a"}})") ==
      R::ready);
  CHECK(
      state(
          sts +
          R"(},"status":{"observedGeneration":1,"replicas":2,"readyReplicas":2,"currentReplicas":1,"currentRevision":"a","updateRevision":"b"}})") ==
      R::progressing);
  CHECK(
      state(
          sts +
          R"(,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":1}}},"status":{"observedGeneration":1,"replicas":2,"readyReplicas":2,"updatedReplicas":1}})") ==
      R::ready);
  CHECK(state(sts + R"(}})") == R::progressing);
  const std::string ds =
      R"({"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"generation":1},"status":{"observedGeneration":1)";
  CHECK(state(ds + "}}") == R::progressing);
  CHECK(state(ds + R"(,"desiredNumberScheduled":0}})") == R::ready);
  CHECK(
      state(
          ds +
          R"(,"desiredNumberScheduled":1,"currentNumberScheduled":1,"updatedNumberScheduled":1,"numberAvailable":0}})") ==
      R::progressing);
  const std::string job = R"({"apiVersion":"batch/v1","kind":"Job",)";
  CHECK(state(job + R"("status":{"startTime":"t","active":1}})") == R::progressing);
  CHECK(state(job + R"("status":{"conditions":[{"type":"Complete","status":"True"}]}})") == R::ready);
  CHECK(
      state(job + R"("status":{"conditions":[{"type":"Failed","status":"True","reason":"BackoffLimitExceeded"}]}})") ==
      R::failed);
  CHECK(state(job + R"("spec":{"suspend":true}})") == R::ready);
  const std::string p = R"({"apiVersion":"v1","kind":"Pod","status":{)";
  CHECK(state(p + R"("phase":"Running","conditions":[{"type":"Ready","status":"True"}]}})") == R::ready);
  CHECK(state(p + R"("phase":"Running"}})") == R::progressing);
  CHECK(state(p + R"("phase":"Succeeded"}})") == R::ready);
  CHECK(state(p + R"("phase":"Failed"}})") == R::failed);
  const std::string claim = R"({"apiVersion":"v1","kind":"PersistentVolumeClaim","status":{"phase":)";
  ReadinessHints late_binding;
  late_binding.claim_waits_for_pod = true;
  CHECK(state(claim + R"("Bound"}})") == R::ready);
  CHECK(state(claim + R"("Pending"}})") == R::progressing);
  CHECK(state(claim + R"("Pending"}})", late_binding) == R::ready);
  CHECK(state(R"({"apiVersion":"v1","kind":"Service","spec":{"type":"ClusterIP"}})") == R::ready);
  CHECK(state(R"({"apiVersion":"v1","kind":"Service","spec":{"type":"LoadBalancer"}})") == R::progressing);
  CHECK(
      state(
          R"({"apiVersion":"v1","kind":"Service","spec":{"type":"LoadBalancer"},"status":{"loadBalancer":{"ingress":[{"ip":"1.2.3.4"}]}}})") ==
      R::ready);
  const std::string crd =
      R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","status":{"conditions":[)";
  CHECK(state(crd + R"({"type":"Established","status":"True"}]}})") == R::ready);
  CHECK(state(crd + R"({"type":"Established","status":"False","reason":"Installing"}]}})") == R::progressing);
  CHECK(state(crd + R"({"type":"NamesAccepted","status":"False"}]}})") == R::failed);
  CHECK(state(R"({"apiVersion":"v1","kind":"Namespace","status":{"phase":"Active"}})") == R::ready);
  CHECK(state(R"({"apiVersion":"v1","kind":"ConfigMap"})") == R::ready);
  CHECK(state(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"deletionTimestamp":"now"}})") == R::progressing);
}

TEST_CASE("custom resources are ready by their condition, those of known controllers not without one") {
  using R = Readiness;
  CHECK(state(R"({"apiVersion":"example.org/v1","kind":"Widget"})") == R::ready);
  CHECK(
      state(
          R"({"apiVersion":"example.org/v1","kind":"Widget","status":{"conditions":[{"type":"Ready","status":"False"}]}})") ==
      R::progressing);
  CHECK(
      state(
          R"({"apiVersion":"example.org/v1","kind":"Widget","metadata":{"generation":2},"status":{"observedGeneration":1}})") ==
      R::progressing);
  CHECK(
      state(
          R"({"apiVersion":"example.org/v1","kind":"Widget","status":{"conditions":[{"type":"Stalled","status":"True"}]}})") ==
      R::failed);
  CHECK(state(R"({"apiVersion":"kustomize.toolkit.fluxcd.io/v1","kind":"Kustomization"})") == R::progressing);
  CHECK(state(R"({"apiVersion":"kustomize.toolkit.fluxcd.io/v1","kind":"Kustomization","spec":{"suspend":true}})") ==
        R::ready);
  CHECK(state(R"({"apiVersion":"notification.toolkit.fluxcd.io/v1beta3","kind":"Alert"})") == R::ready);
  CHECK(
      state(
          R"({"apiVersion":"argoproj.io/v1alpha1","kind":"Application","status":{"health":{"status":"Healthy"},"sync":{"status":"Synced"}}})") ==
      R::ready);
  CHECK(
      state(
          R"({"apiVersion":"argoproj.io/v1alpha1","kind":"Application","status":{"health":{"status":"Degraded"}}})") ==
      R::failed);
}

TEST_CASE("what lasts among a pod's troubles and what may pass") {
  const auto lasting = [](const char *reason, int restarts = 0) {
    return pod_trouble(pod("p", "o", {{"reason", reason}}, restarts)).value().lasting;
  };
  CHECK(lasting("ImagePullBackOff"));
  CHECK(lasting("InvalidImageName"));
  CHECK(lasting("CreateContainerConfigError"));
  CHECK_FALSE(lasting("ErrImagePull"));
  CHECK_FALSE(lasting("CrashLoopBackOff", 2));
  CHECK(lasting("CrashLoopBackOff", 3));
  CHECK_FALSE(pod_trouble(pod("p", "o", {{"reason", "ContainerCreating"}})));
  json ended = pod("p", "o", json::object());
  ended["status"]["containerStatuses"][0]["state"] = {{"terminated", {{"exitCode", 7}, {"reason", "OOMKilled"}}}};
  CHECK(pod_trouble(ended)->text == "pod p: container app: it ended with exit code 7 (OOMKilled)");
}

TEST_CASE("a Deployment's trouble is that of its newest ReplicaSet's pods, with the reason the pull failed") {
  PodBoard board;
  const json workload = deployment(json::object());
  board.changed("ADDED", replica_set("old", "1"));
  board.changed("ADDED", replica_set("new", "2"));
  board.changed("ADDED", pod("leftover", "old", {{"reason", "ImagePullBackOff"}}));
  CHECK_FALSE(board.of(workload));
  board.changed("ADDED", pod("fresh", "new", {{"reason", "ErrImagePull"}, {"message", "no such host"}}));
  CHECK_FALSE(board.of(workload).value().lasting);
  board.changed("MODIFIED", pod("fresh", "new", {{"reason", "ImagePullBackOff"}, {"message", "Back-off"}}));
  CHECK(board.of(workload).value().lasting);
  CHECK(board.of(workload)->text == "pod fresh: container app: ImagePullBackOff: Back-off (no such host)");
  CHECK(board.pod_of(workload) == "fresh");
  board.changed("DELETED", pod("fresh", "new", json::object()));
  CHECK_FALSE(board.of(workload));
}

TEST_CASE("only what may succeed later is repeated, and for as long as that takes") {
  RepeatContext plain, in_set;
  in_set.namespace_in_set = in_set.definition_in_set = true;
  const auto worth = [](Error error, const RepeatContext &context) { return repeat_for(error, context).count() > 0; };
  const Error no_kind(Code::not_found, "applying x: the server could not find the requested resource");
  CHECK_FALSE(worth(no_kind, plain));
  CHECK(worth(no_kind, in_set));
  const Error no_namespace(Code::not_found, "applying x: namespaces \"a\" not found");
  CHECK_FALSE(worth(no_namespace, plain));
  CHECK(worth(no_namespace, in_set));
  CHECK(worth(Error(Code::unavailable, "connection reset").retry(), plain));
  CHECK(worth(Error(Code::resource_exhausted, "x").retry(), plain));
  CHECK(worth(Error(Code::aborted, "modified").retry(), plain));
  CHECK_FALSE(worth(Error(Code::aborted, "field conflict"), plain));
  for (const Code code : {Code::invalid_argument, Code::permission_denied, Code::unauthenticated, Code::internal})
    CHECK_FALSE(worth(Error(code, "x"), in_set));
}

TEST_CASE("a body is passed on as it is unless something in it has to go") {
  manifests::Object object;
  object.kind = "ConfigMap";
  object.ns = "a";
  object.json =
      R"({"kind":"ConfigMap","metadata":{"name":"x","namespace":"a"},"data":{"n":"12345678901234567890123"}})";
  CHECK(apply_body(object, "a").value() == object.json);
  object.json =
      R"({"kind":"X","metadata":{"name":"x","namespace":"a","managedFields":[],"creationTimestamp":null},"status":{},"spec":{"status":1}})";
  CHECK(json::parse(apply_body(object, "a").value()) ==
        json::parse(R"({"kind":"X","metadata":{"name":"x","namespace":"a"},"spec":{"status":1}})"));
  object.api_version = "example.com/v1"; // its status may be data; where it is not, the server drops it
  CHECK(json::parse(apply_body(object, "a").value())["status"] == json::object());
  object.api_version = "snapshot.storage.k8s.io/v1";
  CHECK_FALSE(json::parse(apply_body(object, "a").value()).contains("status"));
  CHECK_FALSE(json::parse(apply_body(object, "").value())["metadata"].contains("namespace"));
  object.ns.clear();
  object.json = R"({"kind":"X","metadata":{"name":"x"}})";
  CHECK(json::parse(apply_body(object, "b").value())["metadata"]["namespace"] == "b");
}

TEST_CASE("429 halves what is in flight, once for what was sent together, and good answers raise it again") {
  asio::io_context io;
  Pace pace(io.get_executor(), 8);
  std::vector<Pace::Slot> slots;
  auto entered = test::run<void>(io, [&]() -> asio::awaitable<Result<void>> {
    for (int i = 0; i < 8; ++i) {
      auto slot = co_await pace.enter();
      if (!slot) co_return slot.error();
      slots.push_back(std::move(*slot));
    }
    co_return Result<void>();
  });
  REQUIRE(entered);
  for (int i = 0; i < 8; ++i)
    pace.throttled();
  CHECK(pace.limit() == 4);
  slots.clear();
  CHECK(pace.in_flight() == 0);
  for (int i = 0; i < 100; ++i)
    pace.answered(std::chrono::seconds(1));
  CHECK(pace.limit() == 8);
  for (int i = 0; i < 10; ++i)
    pace.throttled();
  CHECK(pace.limit() == 1);
}

TEST_CASE("what the server quotes of a Secret is not shown, and of other objects not at length") {
  manifests::Object object;
  object.kind = "Secret";
  object.api_version = "v1";
  object.where = {"s.yaml", 3, 1};
  object.json =
      R"({"kind":"Secret","stringData":{"pw":["hunter2"],"on":true,"quote":"a\"b}c"},"data":{"x":"c2VjcmV0"}})";
  const Error refusal(
      Code::invalid_argument,
      R"(failed: .stringData.pw: expected string, got &value.valueUnstructured{Value:[]interface {}{"hunter2"}})"
      R"(   .stringData.on: expected string, got &value.valueUnstructured{Value:true}   .a: b, c2VjcmV0)",
      "correct the manifest");
  const Error shown = as_shown(object, refusal);
  CHECK(shown.message == "failed: .stringData.pw: expected string, got &value.valueUnstructured{...}   .stringData.on: "
                         "expected string, got &value.valueUnstructured{...}   .a: b, ***");
  CHECK(shown.hint == "correct the manifest (s.yaml:3:1)");
  const Error base64 = as_shown(object, Error(Code::internal, "illegal base64 data at input byte 3"));
  CHECK(base64.hint.find("stringData") != std::string::npos);

  object.kind = "Job";
  object.api_version = "batch/v1";
  const std::string quoted = "{\"a\":\"}" + std::string(400, 'x') + "\",\"b\":{}}";
  CHECK(
      as_shown(object, Error(Code::invalid_argument, "spec.template: Invalid value: " + quoted +
                                                         ": field is immutable, spec.a: Invalid value: {\"c\":1}: no"))
          .message == "spec.template: Invalid value: {...}: field is immutable, spec.a: Invalid value: {\"c\":1}: no");
  CHECK(as_shown(object, Error(Code::unavailable, "reset")).hint.empty());
}

TEST_CASE("requests leave in bursts, also those whose turns come together") {
  asio::io_context io;
  constexpr std::chrono::milliseconds round_trip(40);
  Pace pace(io.get_executor(), 8);
  std::vector<Pace::Slot> slots;
  std::vector<Clock::time_point> begun;
  const auto before = Clock::now();
  pace.spread(round_trip);
  auto entered = test::run<void>(io, [&]() -> asio::awaitable<Result<void>> {
    for (int i = 0; i < 16; ++i) {
      if (i == 8) slots.clear();
      auto slot = co_await pace.enter();
      if (!slot) co_return slot.error();
      begun.push_back(Clock::now());
      slots.push_back(std::move(*slot));
    }
    co_return Result<void>();
  });
  REQUIRE(entered);
  REQUIRE(begun.size() == 16);
  for (int i = 0; i < 16; ++i)
    CHECK(begun[static_cast<std::size_t>(i)] - before >= i / 2 * round_trip / 4);
  CHECK(pace.in_flight() == 8);
}

TEST_CASE("an answer that comes faster than a round trip was thought to take brings bursts closer together") {
  asio::io_context io;
  Pace pace(io.get_executor(), 4);
  pace.spread(std::chrono::hours(1));
  pace.answered(std::chrono::microseconds(40));
  pace.answered(std::chrono::hours(2));
  auto entered = test::run<void>(io, [&]() -> asio::awaitable<Result<void>> {
    for (int i = 0; i < 8; ++i) {
      auto slot = co_await pace.enter();
      if (!slot) co_return slot.error();
    }
    co_return Result<void>();
  });
  CHECK(entered);
  CHECK(pace.in_flight() == 0);
}

TEST_CASE("who is cancelled before its time takes no place") {
  asio::io_context io;
  Pace pace(io.get_executor(), 2);
  pace.spread(std::chrono::hours(1));
  auto entered = test::run<void>(io, [&]() -> asio::awaitable<Result<void>> {
    auto first = co_await pace.enter();
    if (!first) co_return first.error();
    std::function<asio::awaitable<Result<void>>()> second = [&]() -> asio::awaitable<Result<void>> {
      auto slot = co_await pace.enter();
      if (!slot) co_return slot.error();
      co_return Result<void>();
    };
    Result<void> late = co_await with_deadline(second(), Deadline::after(std::chrono::milliseconds(5)), "entering");
    CHECK_FALSE(late);
    CHECK(pace.in_flight() == 1);
    co_return Result<void>();
  });
  CHECK(entered);
  CHECK(pace.in_flight() == 0);
}
