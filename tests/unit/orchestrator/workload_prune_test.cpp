// SPDX-License-Identifier: Apache-2.0
#include "fake_api_server.hpp"
#include "orchestrator/workload.hpp"
#include "run_coroutine.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <map>

using namespace ksail;
using ksail::test::FakeApiServer;
using ksail::test::FakeReply;
using ksail::test::FakeRequest;
using nlohmann::json;

namespace {

manifests::Object config(const std::string &name, const std::string &ns) {
  manifests::Object out;
  out.api_version = "v1";
  out.kind = "ConfigMap";
  out.ns = ns;
  out.name = name;
  out.json =
      json({{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", name}, {"namespace", ns}}}}).dump();
  return out;
}

/// Stores objects by path and finds them by the label of the set.
struct Store {
  std::map<std::string, json> objects;
  std::vector<std::string> log; ///< writes
  std::function<std::optional<FakeReply>(const FakeRequest &)> script;

  FakeReply operator()(const FakeRequest &request) {
    if (script)
      if (auto reply = script(request)) return *reply;
    const std::string path = request.target.substr(0, request.target.find('?'));
    const bool dry =
        request.target.find("dryRun=All") != std::string::npos || request.body.find("\"dryRun\"") != std::string::npos;
    if (request.method != "GET" && !dry) log.push_back(request.method + " " + path);
    if (request.method == "PATCH") {
      const bool is_new = !objects.contains(path);
      json object = json::parse(request.body);
      object["metadata"]["uid"] = path;
      object["metadata"]["resourceVersion"] = std::to_string(10 + log.size());
      if (!dry) objects[path] = object;
      return FakeReply(is_new ? 201 : 200, object.dump());
    }
    if (request.method == "DELETE") {
      if (json::parse(request.body)["preconditions"]["uid"] != path) return FakeReply(409, "{}");
      if (!dry) objects.erase(path);
      return FakeReply(200, R"({"kind":"Status","status":"Success"})");
    }
    if (request.target.find("labelSelector=") == std::string::npos && path != "/api/v1/namespaces") {
      if (objects.contains(path)) return FakeReply(200, objects[path].dump());
      return FakeReply(404, R"({"kind":"Status","message":"not found"})");
    }
    json items = json::array();
    const bool parents = request.target.find("applyset.kubernetes.io%2Fid%20in") != std::string::npos;
    const std::string plural = "/" + path.substr(path.rfind('/') + 1) + "/";
    for (const auto &[at, object] : objects) {
      const json labels = object["metadata"].value("labels", json::object());
      if (parents && at.find(plural) != std::string::npos && labels.contains("applyset.kubernetes.io/id"))
        items.push_back(object);
    }
    for (const auto &[at, object] : objects)
      if (!parents && at.starts_with(path + "/") && object["metadata"].contains("labels") &&
          object["metadata"]["labels"].contains("applyset.kubernetes.io/part-of"))
        items.push_back(object);
    return FakeReply(200, json({{"metadata", {{"resourceVersion", "9"}}}, {"items", items}}).dump());
  }
};

struct Lab {
  Store store;
  WorkloadApplyOptions options;

  Lab() {
    options.inventory = *kubernetes::apply_set_parent("app", "home");
    options.prune = true;
    options.tool = "ksail/1.2";
  }
  Result<WorkloadReport> apply(std::vector<manifests::Object> objects) {
    asio::io_context io;
    FakeApiServer server(io.get_executor(), [this](const FakeRequest &r) { return store(r); });
    store.log.clear();
    return test::run<WorkloadReport>(io, [&]() -> asio::awaitable<Result<WorkloadReport>> {
      kubernetes::ClusterAccess access;
      access.endpoint = http::Endpoint::tcp("127.0.0.1", server.port());
      kubernetes::Client client(io.get_executor(), access, {});
      timing::Recorder recorder;
      auto set = std::make_shared<ObjectSet>();
      for (auto &one : objects)
        REQUIRE(set->add(std::move(one)));
      auto report = co_await apply_objects(client, std::move(set), options, recorder, {});
      server.stop();
      co_return std::move(report);
    });
  }
  json parent() { return store.objects["/api/v1/namespaces/home/secrets/app"]; }
};

std::string effect_of(const WorkloadReport &report, const std::string &object) {
  for (const auto &outcome : report.objects)
    if (outcome.object == object) return outcome.effect;
  return "";
}

} // namespace

TEST_CASE("what was applied before and is not any more is pruned, wherever it is, and nothing else") {
  Lab lab;
  lab.store.objects["/api/v1/namespaces/a/configmaps/bystander"] = json{{"metadata", {{"name", "bystander"}}}};
  REQUIRE(lab.apply({config("one", "a"), config("two", "b")}));
  // The parent knows before anything is applied.
  CHECK(lab.store.log.front() == "PATCH /api/v1/namespaces/home/secrets/app");
  CHECK(lab.parent()["metadata"]["annotations"]["applyset.kubernetes.io/additional-namespaces"] == "a,b");
  auto report = lab.apply({config("one", "a")});
  REQUIRE(report);
  CHECK(report->failed == 0);
  CHECK(effect_of(*report, "ConfigMap b/two") == "pruned");
  CHECK_FALSE(lab.store.objects.contains("/api/v1/namespaces/b/configmaps/two"));
  CHECK(lab.store.objects.contains("/api/v1/namespaces/a/configmaps/one"));
  CHECK(lab.store.objects.contains("/api/v1/namespaces/a/configmaps/bystander"));
  CHECK(lab.parent()["metadata"]["annotations"]["applyset.kubernetes.io/additional-namespaces"] == "a");
  // Nothing to prune and nothing to write down.
  REQUIRE(lab.apply({config("one", "a")}));
  CHECK(lab.store.log == std::vector<std::string>{"PATCH /api/v1/namespaces/a/configmaps/one"});
}

TEST_CASE("an object that is in another inventory changes over, and both are named") {
  const auto note_of = [](const WorkloadReport &report, const std::string &object) {
    for (const auto &outcome : report.objects)
      if (outcome.object == object) return outcome.note;
    return std::string("not there");
  };
  Lab lab;
  REQUIRE(lab.apply({config("one", "a"), config("two", "b")}));
  lab.options.inventory = *kubernetes::apply_set_parent("configmap/second", "a");
  lab.options.dry_run = true;
  auto report = lab.apply({config("two", "b"), config("new", "b")});
  REQUIRE(report);
  const std::string moved = "it belonged to the inventory Secret home/app, and belongs to ConfigMap a/second now";
  CHECK(note_of(*report, "ConfigMap b/two") == moved);
  lab.options.dry_run = false;
  report = lab.apply({config("two", "b"), config("new", "b")});
  REQUIRE(report);
  CHECK(report->failed == 0);
  CHECK(note_of(*report, "ConfigMap b/two") == moved);
  CHECK(note_of(*report, "ConfigMap b/new") == "");
  report = lab.apply({config("two", "b"), config("new", "b")});
  REQUIRE(report);
  CHECK(note_of(*report, "ConfigMap b/two") == "");
  SECTION("its id stands for one whose parent is gone") {
    const std::string id = lab.options.inventory->id();
    lab.store.objects.erase("/api/v1/namespaces/a/configmaps/second");
    lab.options.inventory = *kubernetes::apply_set_parent("app", "home");
    report = lab.apply({config("two", "b")});
    REQUIRE(report);
    CHECK(note_of(*report, "ConfigMap b/two") ==
          "it belonged to the inventory " + id + ", and belongs to Secret home/app now");
  }
  SECTION("it is applied all the same when nobody may look") {
    lab.store.script = [](const FakeRequest &request) -> std::optional<FakeReply> {
      if (request.method == "GET" && request.target.find("labelSelector") != std::string::npos)
        return FakeReply(403, R"({"kind":"Status","message":"no"})");
      return std::nullopt;
    };
    lab.options.inventory = *kubernetes::apply_set_parent("app", "home");
    lab.options.prune = false;
    report = lab.apply({config("two", "b")});
    REQUIRE(report);
    CHECK(report->failed == 0);
    CHECK(note_of(*report, "ConfigMap b/two") == "");
  }
  SECTION("where nobody may look hides nothing of the rest") {
    lab.store.script = [](const FakeRequest &request) -> std::optional<FakeReply> {
      if (request.target.starts_with("/api/v1/namespaces/a/configmaps?") &&
          request.target.find("labelSelector") != std::string::npos)
        return FakeReply(403, R"({"kind":"Status","message":"no"})");
      return std::nullopt;
    };
    lab.options.inventory = *kubernetes::apply_set_parent("app", "home");
    lab.options.prune = false;
    report = lab.apply({config("one", "a"), config("two", "b")});
    REQUIRE(report);
    CHECK(note_of(*report, "ConfigMap b/two").starts_with("it belonged to the inventory "));
  }
}

TEST_CASE("a dry run says what would be pruned") {
  Lab lab;
  REQUIRE(lab.apply({config("one", "a"), config("two", "a")}));
  lab.options.dry_run = true;
  auto report = lab.apply({config("one", "a")});
  REQUIRE(report);
  CHECK(effect_of(*report, "ConfigMap a/two") == "pruned");
  CHECK(lab.store.log.empty());
}

TEST_CASE("nothing is pruned when something could not be applied") {
  Lab lab;
  REQUIRE(lab.apply({config("one", "a"), config("two", "a")}));
  lab.store.script = [](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method == "PATCH" && request.target.find("configmaps/one") != std::string::npos)
      return FakeReply(422, R"({"kind":"Status","message":"no"})");
    return std::nullopt;
  };
  auto report = lab.apply({config("one", "a")});
  REQUIRE(report);
  CHECK(report->failed == 1);
  CHECK_FALSE(report->not_pruned.empty());
  CHECK(lab.store.objects.contains("/api/v1/namespaces/a/configmaps/two"));
}

TEST_CASE("what has to stay is told and stays in the inventory") {
  Lab lab;
  REQUIRE(lab.apply({config("one", "a"), config("two", "b")}));
  lab.store.objects["/api/v1/namespaces/b/configmaps/two"]["metadata"]["annotations"]["helm.sh/resource-policy"] =
      "keep";
  auto report = lab.apply({config("one", "a")});
  REQUIRE(report);
  CHECK(effect_of(*report, "ConfigMap b/two") == "kept");
  CHECK(lab.parent()["metadata"]["annotations"]["applyset.kubernetes.io/additional-namespaces"] == "a,b");
}

TEST_CASE("an inventory of somebody else ends the apply before it begins") {
  Lab lab;
  lab.store.objects["/api/v1/namespaces/home/secrets/app"] =
      kubernetes::apply_set_object(*lab.options.inventory, {}, "kubectl/v1.34.2");
  auto report = lab.apply({config("one", "a")});
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Code::failed_precondition);
  CHECK(lab.store.log.empty());
}

TEST_CASE("the inventory may live in a Namespace of the set itself") {
  Lab lab;
  lab.store.script = [&lab](const FakeRequest &request) -> std::optional<FakeReply> {
    const bool inside = request.target.find("/namespaces/home/") != std::string::npos && request.method == "PATCH";
    if (inside && !lab.store.objects.contains("/api/v1/namespaces/home"))
      return FakeReply(404, R"({"kind":"Status","message":"namespaces \"home\" not found"})");
    return std::nullopt;
  };
  manifests::Object home = config("home", "");
  home.kind = "Namespace";
  home.json = R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"home"}})";
  auto report = lab.apply({config("one", "home"), home});
  REQUIRE(report);
  CHECK(report->failed == 0);
  CHECK(lab.store.log[0] == "PATCH /api/v1/namespaces/home");
  CHECK(lab.store.log[1] == "PATCH /api/v1/namespaces/home/secrets/app");
}

TEST_CASE("an object of another set is refused") {
  Lab lab;
  manifests::Object other = config("one", "a");
  other.json =
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one","labels":{"applyset.kubernetes.io/part-of":"x"}}})";
  auto report = lab.apply({other});
  REQUIRE(report);
  REQUIRE(report->failed == 1);
  CHECK_THAT(report->objects[0].error->message, Catch::Contains("another inventory"));
}
