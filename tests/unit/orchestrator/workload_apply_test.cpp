// SPDX-License-Identifier: Apache-2.0
#include "fake_api_server.hpp"
#include "orchestrator/workload.hpp"
#include "run_coroutine.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>

using namespace ksail;
using ksail::test::FakeApiServer;
using ksail::test::FakeReply;
using ksail::test::FakeRequest;
using manifests::Object;
using nlohmann::json;

namespace {

Object object(const std::string &api_version, const std::string &kind, const std::string &ns, const std::string &name,
              json rest = json::object()) {
  Object out;
  out.api_version = api_version;
  out.kind = kind;
  out.ns = ns;
  out.name = name;
  rest["apiVersion"] = api_version;
  rest["kind"] = kind;
  if (!name.empty()) rest["metadata"]["name"] = name;
  if (!ns.empty()) rest["metadata"]["namespace"] = ns;
  out.json = rest.dump();
  return out;
}

Object config(const std::string &name, const std::string &ns = "a") { return object("v1", "ConfigMap", ns, name); }
/// c0, c1, ...
std::vector<Object> configs(int count) {
  std::vector<Object> many;
  for (int i = 0; i < count; ++i)
    many.push_back(config("c" + std::to_string(i)));
  return many;
}

Object definition() {
  return object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "widgets.example.org",
                {{"spec",
                  {{"group", "example.org"},
                   {"scope", "Namespaced"},
                   {"names", {{"kind", "Widget"}, {"plural", "widgets"}}},
                   {"versions", {{{"name", "v1"}}}}}}});
}

FakeReply status(int code, const std::string &message) {
  return FakeReply(code, json({{"kind", "Status"}, {"message", message}}).dump());
}

std::string event(const std::string &type, const json &o) {
  return json({{"type", type}, {"object", o}}).dump() + "\n";
}

bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

/// Of a creation that went ahead to a server this far away.
bool only_creates(const FakeRequest &request) { return has(request.body, R"("resourceVersion":"1")"); }
constexpr std::chrono::milliseconds far_away(20);

FakeReply nothing_there() { return FakeReply(200, R"({"metadata":{"resourceVersion":"1"},"items":[]})"); }

/// The connection ends instead.
FakeReply no_answer() {
  FakeReply reply;
  reply.end = FakeReply::End::silent;
  return reply;
}

/// Says yes to everything, and runs a test's own script first.
struct Cluster {
  std::function<std::optional<FakeReply>(const FakeRequest &)> script;
  std::map<std::string, std::vector<json>> events; ///< by collection path: what a watch tells after an empty list
  std::vector<std::string> applied;                ///< names, in the order their answers were given

  FakeReply operator()(const FakeRequest &request) {
    if (script)
      if (auto reply = script(request)) return *reply;
    const std::string path = request.target.substr(0, request.target.find('?'));
    if (has(request.target, "watch=1")) {
      FakeReply stream;
      for (const auto &e : events[path])
        stream.pieces.push_back(event("MODIFIED", e));
      stream.end = FakeReply::End::hold;
      return stream;
    }
    if (request.method == "GET") return nothing_there();
    json body = json::parse(request.body);
    if (request.method == "POST") body["metadata"]["name"] = "made";
    applied.push_back(body["metadata"].value("name", ""));
    body["metadata"]["resourceVersion"] = std::to_string(10 + applied.size());
    body["metadata"]["uid"] = body["metadata"]["name"];
    return FakeReply(201, body.dump());
  }
};

struct Lab {
  Cluster cluster;
  asio::io_context io;
  FakeApiServer server{io.get_executor(), [this](const FakeRequest &r) { return cluster(r); }};
  WorkloadApplyOptions options;
  asio::cancellation_signal interrupt;
  std::vector<ObjectOutcome> told;

  Result<WorkloadReport> apply(std::vector<Object> objects) {
    std::function<asio::awaitable<Result<WorkloadReport>>()> work = [&]() -> asio::awaitable<Result<WorkloadReport>> {
      kubernetes::ClusterAccess access;
      access.endpoint = http::Endpoint::tcp("127.0.0.1", server.port());
      http::PoolOptions pool;
      pool.max_connections = 64;
      kubernetes::Client client(io.get_executor(), access, pool);
      timing::Recorder recorder;
      std::function<void(const ObjectOutcome &)> on_object = [this](const ObjectOutcome &o) { told.push_back(o); };
      auto set = std::make_shared<ObjectSet>();
      for (auto &one : objects)
        REQUIRE(set->add(std::move(one)));
      auto report = co_await apply_objects(client, std::move(set), options, recorder, std::move(on_object));
      server.stop();
      co_return std::move(report);
    };
    return test::run<WorkloadReport>(io, std::move(work), interrupt.slot());
  }
  /// As a signal does, when the loop comes to it; `then` after it.
  void interrupt_soon(std::function<void()> then = [] {}) {
    asio::post(io, [this, then = std::move(then)] {
      interrupt.emit(asio::cancellation_type::terminal);
      then();
    });
  }
  long sent_ahead() const { return std::count_if(server.seen().begin(), server.seen().end(), only_creates); }
  long count(const std::string &part) const {
    return std::count_if(server.seen().begin(), server.seen().end(),
                         [&](const auto &r) { return has(r.method + " " + r.target, part); });
  }
};

std::vector<std::string> effects(const WorkloadReport &report) {
  std::vector<std::string> out;
  for (const auto &outcome : report.objects)
    out.push_back(outcome.effect);
  return out;
}

using Effects = std::vector<std::string>;

} // namespace

TEST_CASE("objects are applied in the order they need each other, and reported in the order of the input") {
  Lab lab;
  lab.cluster.events["/apis/apiextensions.k8s.io/v1/customresourcedefinitions"] = {
      {{"kind", "CustomResourceDefinition"},
       {"apiVersion", "apiextensions.k8s.io/v1"},
       {"metadata", {{"name", "widgets.example.org"}}},
       {"status", {{"conditions", {{{"type", "Established"}, {"status", "True"}}}}}}}};
  auto report =
      lab.apply({object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "", "hook"),
                 object("apps/v1", "Deployment", "a", "web"), object("example.org/v1", "Widget", "a", "widget"),
                 config("settings"), definition(), object("v1", "Namespace", "", "a")});
  REQUIRE(report);
  CHECK(report->failed == 0);
  CHECK(effects(*report) == Effects(6, "created"));
  CHECK(report->objects[1].object == "Deployment a/web");
  CHECK(lab.told.size() == 6);
  const auto &applied = lab.cluster.applied;
  const auto at = [&](const char *name) { return std::find(applied.begin(), applied.end(), name) - applied.begin(); };
  CHECK(at("a") < at("settings"));
  CHECK(at("settings") < at("web"));
  CHECK(at("widgets.example.org") < at("widget"));
  CHECK(at("hook") == 5);
  CHECK(lab.count("GET /apis/example.org") == 0); // the definition itself says where its kind lives
}

TEST_CASE("independent objects are in flight together, and never more than allowed") {
  Lab lab;
  auto all_there = std::make_shared<Event>(lab.io.get_executor());
  std::size_t waiting = 0;
  lab.options.concurrency = 10;
  lab.cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method != "PATCH") return std::nullopt;
    if (++waiting == 10) all_there->set(); // nobody is answered before ten have come
    FakeReply reply(201, request.body);
    reply.after = all_there;
    return reply;
  };
  auto report = lab.apply(configs(25));
  REQUIRE(report);
  CHECK(report->failed == 0);
  CHECK(lab.server.most_in_flight() == 10);
}

TEST_CASE("a server that says 429 gets everything all the same, more slowly") {
  Lab lab;
  int refusals = 12;
  lab.cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method != "PATCH" || refusals-- <= 0) return std::nullopt;
    FakeReply reply = status(429, "too many requests");
    reply.headers.add("Retry-After", "0");
    return reply;
  };
  auto report = lab.apply(configs(20));
  REQUIRE(report);
  CHECK(report->failed == 0);
  CHECK(lab.cluster.applied.size() == 20);
}

TEST_CASE("an apply whose connection broke is repeated, a creation with a generated name is not") {
  Lab lab;
  std::set<std::string> broken;
  lab.cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method == "GET" || !broken.insert(request.method).second) return std::nullopt;
    return no_answer();
  };
  Object generated = object("v1", "Pod", "a", "", {{"metadata", {{"generateName", "p-"}}}});
  generated.generate_name = "p-";
  auto report = lab.apply({config("x"), generated});
  REQUIRE(report);
  CHECK(effects(*report) == Effects{"created", "failed"});
  CHECK(report->failed == 1);
  CHECK(lab.count("POST") == 1);
  CHECK(report->objects[1].error->outcome_unknown);
  CHECK_THAT(report->objects[1].error->hint, Catch::Contains("may have been created"));
}

TEST_CASE("what needs a failed object is skipped with the reason, everything else is applied") {
  Lab lab;
  lab.cluster.script = [](const FakeRequest &request) -> std::optional<FakeReply> {
    if (has(request.target, "/namespaces/a?")) return status(422, "invalid name");
    if (has(request.target, "/wrong")) return status(400, "strict decoding error: unknown field");
    return std::nullopt;
  };
  auto report =
      lab.apply({object("v1", "Namespace", "", "a"), config("member"), config("wrong", "b"), config("fine", "b")});
  REQUIRE(report);
  CHECK(effects(*report) == Effects{"failed", "skipped", "failed", "created"});
  CHECK(report->failed == 2);
  CHECK_THAT(report->objects[1].error->message, Catch::Contains("because Namespace a could not be applied"));
  CHECK_THAT(report->objects[2].error->message, Catch::Contains("unknown field"));
  CHECK(report->objects[2].error->code == Code::invalid_argument);
}

TEST_CASE("a namespace one may not write is no obstacle to writing into it") {
  Lab lab;
  lab.cluster.script = [](const FakeRequest &request) -> std::optional<FakeReply> {
    if (has(request.target, "/namespaces/a?")) return status(403, "namespaces is forbidden");
    return std::nullopt;
  };
  auto report = lab.apply({object("v1", "Namespace", "", "a"), config("member")});
  REQUIRE(report);
  CHECK(effects(*report) == Effects{"failed", "created"});
}

TEST_CASE("with fail_fast nothing is started after the first failure") {
  Lab lab;
  lab.options.fail_fast = true;
  lab.options.concurrency = 1;
  lab.cluster.script = [](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method == "PATCH") return status(422, "no");
    return std::nullopt;
  };
  auto report = lab.apply({config("x"), config("y"), config("z")});
  REQUIRE(report);
  CHECK(effects(*report) == Effects{"failed", "skipped", "skipped"});
  CHECK(lab.count("PATCH") == 1);
}

TEST_CASE("interrupted before the first answer, nothing is sent and every object is told as not applied") {
  Lab lab;
  const auto interrupted = std::make_shared<Event>(lab.io.get_executor());
  lab.cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (!has(request.target, "/api/v1/namespaces?limit=1")) return std::nullopt;
    lab.interrupt_soon([interrupted] { interrupted->set(); });
    FakeReply reply = nothing_there();
    reply.after = interrupted;
    return reply;
  };
  auto report = lab.apply({config("a"), config("b"), object("apps/v1", "Deployment", "a", "c")});
  REQUIRE(report);
  CHECK(report->interrupted);
  CHECK(report->failed == 0);
  CHECK(effects(*report) == Effects(3, "skipped"));
  CHECK(lab.told.size() == 3);
  for (const auto &outcome : report->objects)
    CHECK(has(outcome.error->message, "not applied, interrupted"));
  CHECK(lab.count("PATCH") == 0);
}

TEST_CASE("interrupted in the middle, what is under way is waited for, and what is told is what the server has") {
  Lab lab;
  lab.options.concurrency = 8;
  const auto interrupted = std::make_shared<Event>(lab.io.get_executor());
  std::size_t patches = 0;
  lab.cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method != "PATCH" || ++patches <= 10) return std::nullopt;
    if (patches == 15) lab.interrupt_soon([interrupted] { interrupted->set(); });
    const json body = json::parse(request.body);
    lab.cluster.applied.push_back(body["metadata"].value("name", ""));
    FakeReply reply(201, request.body);
    reply.after = interrupted;
    return reply;
  };
  auto report = lab.apply(configs(60));
  REQUIRE(report);
  CHECK(report->interrupted);
  CHECK(report->failed == 0);
  std::set<std::string> created, there;
  for (const auto &name : lab.cluster.applied)
    there.insert("ConfigMap a/" + name);
  for (const auto &outcome : report->objects) {
    if (outcome.effect == "created")
      created.insert(outcome.object);
    else
      CHECK(outcome.effect == "skipped");
  }
  CHECK(created == there);
  CHECK(created.size() >= 15);
  CHECK(created.size() < 60);
  CHECK(static_cast<std::size_t>(lab.count("PATCH")) == created.size());
}

TEST_CASE("a dry run changes nothing, waits for nothing, and says what cannot be checked") {
  Lab lab;
  lab.options.dry_run = lab.options.wait = true;
  auto report =
      lab.apply({object("v1", "Namespace", "", "a"), config("member"), object("apps/v1", "Deployment", "b", "web")});
  REQUIRE(report);
  CHECK(effects(*report) == Effects{"created", "skipped", "created"});
  CHECK(report->failed == 0);
  CHECK(lab.count("PATCH") == lab.count("dryRun=All"));
  CHECK(lab.count("watch=1") == 0);
}

TEST_CASE("a new kind that is not served yet for a moment is asked for again") {
  Lab lab;
  int refusals = 2;
  lab.cluster.events["/apis/apiextensions.k8s.io/v1/customresourcedefinitions"] = {
      {{"kind", "CustomResourceDefinition"},
       {"apiVersion", "apiextensions.k8s.io/v1"},
       {"metadata", {{"name", "widgets.example.org"}}},
       {"status", {{"conditions", {{{"type", "Established"}, {"status", "True"}}}}}}}};
  lab.cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (has(request.target, "/widgets/") && refusals-- > 0) return FakeReply(404, "404 page not found\n");
    return std::nullopt;
  };
  auto report = lab.apply({definition(), object("example.org/v1", "Widget", "a", "w")});
  REQUIRE(report);
  CHECK(effects(*report) == Effects{"created", "created"});
}

TEST_CASE("waiting ends when the watch says ready") {
  Lab lab;
  lab.options.wait = true;
  json ready = {{"kind", "Deployment"},
                {"apiVersion", "apps/v1"},
                {"metadata", {{"name", "web"}, {"namespace", "a"}, {"uid", "web"}, {"generation", 1}}},
                {"spec", {{"replicas", 1}}},
                {"status",
                 {{"observedGeneration", 1},
                  {"replicas", 1},
                  {"updatedReplicas", 1},
                  {"readyReplicas", 1},
                  {"availableReplicas", 1},
                  {"conditions", {{{"type", "Available"}, {"status", "True"}}}}}}};
  json early = ready;
  early["status"]["readyReplicas"] = 0;
  lab.cluster.events["/apis/apps/v1/namespaces/a/deployments"] = {early, ready};
  auto report = lab.apply({object("apps/v1", "Deployment", "a", "web"), config("x")});
  REQUIRE(report);
  CHECK(effects(*report) == Effects{"created", "created"});
  CHECK(lab.told[0].object == "ConfigMap a/x"); // is ready by itself
  CHECK(lab.count("watch=1") == 3);             // Deployments, their ReplicaSets and pods; not ConfigMaps
}

TEST_CASE("waiting fails at once when a pod's image cannot be pulled, with the pod's reason and its last event") {
  Lab lab;
  lab.options.wait = true;
  const json owner = {{{"uid", "set"}, {"controller", true}}};
  lab.cluster.events["/apis/apps/v1/namespaces/a/deployments"] = {
      {{"kind", "Deployment"},
       {"apiVersion", "apps/v1"},
       {"metadata", {{"name", "web"}, {"namespace", "a"}, {"uid", "web"}}}}};
  lab.cluster.events["/apis/apps/v1/namespaces/a/replicasets"] = {
      {{"kind", "ReplicaSet"},
       {"metadata",
        {{"name", "set"},
         {"namespace", "a"},
         {"uid", "set"},
         {"ownerReferences", {{{"uid", "web"}, {"controller", true}}}}}}}};
  lab.cluster.events["/api/v1/namespaces/a/pods"] = {
      {{"kind", "Pod"},
       {"metadata", {{"name", "web-1"}, {"namespace", "a"}, {"uid", "p"}, {"ownerReferences", owner}}},
       {"status",
        {{"containerStatuses",
          {{{"name", "app"}, {"state", {{"waiting", {{"reason", "ImagePullBackOff"}, {"message", "Back-off"}}}}}}}}}}}};
  lab.cluster.script = [](const FakeRequest &request) -> std::optional<FakeReply> {
    if (!has(request.target, "/events?")) return std::nullopt;
    CHECK(has(request.target, "involvedObject.name%3Dweb-1"));
    return FakeReply(
        200, R"({"items":[{"reason":"Failed","message":"no such host","lastTimestamp":"2026-01-01T00:00:00Z"}]})");
  };
  auto report = lab.apply({object("apps/v1", "Deployment", "a", "web")});
  REQUIRE(report);
  CHECK(report->failed == 1);
  const Error error = report->objects[0].error.value();
  CHECK(error.code == Code::failed_precondition);
  CHECK_THAT(error.message,
             Catch::Contains("pod web-1: container app: ImagePullBackOff") && Catch::Contains("no such host"));
  CHECK_THAT(error.hint, Catch::Contains("kubectl describe deployments.apps -n a web"));
}

TEST_CASE("a wait that takes too long says what is not ready and why") {
  Lab lab;
  lab.options.wait = true;
  lab.options.timeout = std::chrono::milliseconds(300);
  lab.cluster.events["/api/v1/namespaces/a/services"] = {{{"kind", "Service"},
                                                          {"apiVersion", "v1"},
                                                          {"metadata", {{"name", "lb"}, {"namespace", "a"}}},
                                                          {"spec", {{"type", "LoadBalancer"}}}}};
  auto report = lab.apply({object("v1", "Service", "a", "lb", {{"spec", {{"type", "LoadBalancer"}}}})});
  REQUIRE(report);
  REQUIRE(report->failed == 1);
  CHECK(report->objects[0].error->code == Code::deadline_exceeded);
  CHECK_THAT(report->objects[0].error->message,
             Catch::Contains("Service a/lb is not ready after") && Catch::Contains("no load balancer"));
}

TEST_CASE("whoever may not watch gets an answer by asking") {
  Lab lab;
  lab.options.wait = true;
  lab.cluster.script = [](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method != "GET" || !has(request.target, "/services")) return std::nullopt;
    if (!has(request.target, "/services/lb")) return status(403, "services is forbidden");
    return FakeReply(
        200,
        R"({"kind":"Service","apiVersion":"v1","spec":{"type":"LoadBalancer"},"status":{"loadBalancer":{"ingress":[{"ip":"10.0.0.1"}]}}})");
  };
  auto report = lab.apply({object("v1", "Service", "a", "lb", {{"spec", {{"type", "LoadBalancer"}}}})});
  REQUIRE(report);
  CHECK(report->failed == 0);
}

TEST_CASE("objects in many namespaces share one watch, or have one each where that is forbidden") {
  const bool forbidden = GENERATE(false, true);
  Lab lab;
  lab.options.wait = true;
  std::vector<Object> services;
  const json spec = {{"type", "LoadBalancer"}};
  const json served = {{"loadBalancer", {{"ingress", {{{"ip", "10.0.0.1"}}}}}}};
  for (const char *ns : {"a", "b", "c", "d", "e"}) {
    services.push_back(object("v1", "Service", ns, "lb", {{"spec", spec}}));
    const json now = {{"kind", "Service"},
                      {"apiVersion", "v1"},
                      {"metadata", {{"name", "lb"}, {"namespace", ns}}},
                      {"spec", spec},
                      {"status", served}};
    lab.cluster.events["/api/v1/services"].push_back(now);
    lab.cluster.events["/api/v1/namespaces/" + std::string(ns) + "/services"].push_back(now);
  }
  if (forbidden)
    lab.cluster.script = [](const FakeRequest &request) -> std::optional<FakeReply> {
      if (has(request.target, "/api/v1/services")) return status(403, "forbidden at the cluster scope");
      return std::nullopt;
    };
  auto report = lab.apply(services);
  REQUIRE(report);
  CHECK(report->failed == 0);
  CHECK(lab.count("watch=1") == (forbidden ? 5 : 1));
}

TEST_CASE("a server that is not there fails the whole, not every object") {
  Lab lab;
  lab.cluster.script = [](const FakeRequest &) -> std::optional<FakeReply> { return status(401, "Unauthorized"); };
  auto report = lab.apply({config("x"), config("y")});
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Code::unauthenticated);
  CHECK(lab.told.empty());
}

TEST_CASE("what others depend on is waited for even without --wait, and its failure skips them") {
  Lab lab;
  lab.cluster.events["/apis/batch/v1/namespaces/a/jobs"] = {
      {{"kind", "Job"},
       {"apiVersion", "batch/v1"},
       {"metadata", {{"name", "migrate"}, {"namespace", "a"}}},
       {"status", {{"conditions", {{{"type", "Failed"}, {"status", "True"}, {"reason", "BackoffLimitExceeded"}}}}}}}};
  auto report =
      lab.apply({object("v1", "ConfigMap", "a", "after",
                        {{"metadata",
                          {{"annotations", {{"config.kubernetes.io/depends-on", "batch/namespaces/a/Job/migrate"}}}}}}),
                 object("batch/v1", "Job", "a", "migrate")});
  REQUIRE(report);
  CHECK(effects(*report) == Effects{"skipped", "failed"});
  CHECK_THAT(report->objects[0].error->message, Catch::Contains("Job a/migrate did not become ready"));
}

TEST_CASE("after a lost answer the object is read before it is applied again, and what was lost is told") {
  Lab lab;
  const bool far = GENERATE(false, true);
  if (far) lab.options.round_trip = far_away; // what is lost is a creation that went ahead
  int patches = 0;
  lab.cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method == "PATCH" && ++patches == 1) return no_answer();
    if (request.method == "GET" && has(request.target, "/configmaps/x")) {
      CHECK(patches == 1);
      FakeReply reply(
          200,
          R"({"metadata":{"name":"x","resourceVersion":"5","creationTimestamp":"2026-01-01T00:00:10Z","managedFields":[
            {"manager":"ksail","operation":"Apply","time":"2026-01-01T00:00:10Z"}]}})");
      reply.headers.add("Date", "Thu, 01 Jan 2026 00:00:10 GMT");
      return reply;
    }
    if (request.method == "GET") return FakeReply(200, R"({"metadata":{"resourceVersion":"9"},"items":[]})");
    CHECK_FALSE(only_creates(request));
    return FakeReply(200, R"({"metadata":{"name":"x","resourceVersion":"5"}})"); // changed nothing
  };
  auto report = lab.apply({config("x")});
  REQUIRE(report);
  CHECK(effects(*report) == Effects{"created"});
  CHECK(patches == 2);
  CHECK(lab.sent_ahead() == (far ? 1 : 0));
  CHECK(lab.count("GET /api/v1/namespaces/a/configmaps/x") == 1);
}

TEST_CASE("what cannot be changed in place is refused with the way out, or replaced when that is wanted") {
  const bool replace = GENERATE(false, true);
  Lab lab;
  lab.options.replace_immutable = replace;
  bool there = true;
  lab.cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method == "DELETE") {
      there = false;
      return FakeReply(200, R"({"kind":"Status","status":"Success"})");
    }
    if (request.method == "PATCH" && there)
      return status(422, "ConfigMap \"x\" is invalid: data: field is immutable when `immutable` is set");
    return std::nullopt;
  };
  auto report = lab.apply({config("x")});
  REQUIRE(report);
  CHECK(effects(*report) == Effects{replace ? "replaced" : "failed"});
  CHECK(lab.count("DELETE") == (replace ? 1 : 0));
  if (!replace) CHECK_THAT(report->objects[0].error->hint, Catch::Contains("--replace-immutable"));
}

TEST_CASE("a claim is never replaced: its data would go with it") {
  Lab lab;
  lab.options.replace_immutable = true;
  lab.cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method == "PATCH") return status(422, "spec.storageClassName: field is immutable");
    return std::nullopt;
  };
  auto report = lab.apply({object("v1", "PersistentVolumeClaim", "a", "data")});
  REQUIRE(report);
  CHECK(effects(*report) == Effects{"failed"});
  CHECK(lab.count("DELETE") == 0);
}

TEST_CASE("what stands in the cluster as it would be applied is not applied again") {
  Lab lab;
  const auto live = [](int number, const std::string &value) {
    return json{{"metadata",
                 {{"name", "c-" + std::to_string(number)},
                  {"namespace", "a"},
                  {"uid", "u"},
                  {"managedFields",
                   {{{"manager", "ksail"},
                     {"operation", "Apply"},
                     {"apiVersion", "v1"},
                     {"fieldsV1", {{"f:data", {{"f:key", json::object()}}}}}}}}}},
                {"data", {{"key", value}}}};
  };
  std::vector<Object> objects;
  for (int i = 0; i < 10; ++i)
    objects.push_back(object("v1", "ConfigMap", "a", "c-" + std::to_string(i), {{"data", {{"key", "v"}}}}));
  objects.push_back(object("v1", "Secret", "a", "alone")); // one of a kind is not worth a list
  lab.cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    const std::string one = "/api/v1/namespaces/a/configmaps/c-";
    if (request.method == "GET" && request.target == one + "0") return FakeReply(200, live(0, "v").dump());
    if (request.method == "GET" && request.target.starts_with(one)) return status(404, "not found");
    if (!request.target.starts_with("/api/v1/namespaces/a/configmaps?limit=")) return std::nullopt;
    json list = {{"metadata", {{"resourceVersion", "5"}}}, {"items", json::array()}};
    const bool second = has(request.target, "continue=more%3D");
    if (!second) list["metadata"]["continue"] = "more=";
    for (int i = second ? 5 : 0; i < (second ? 9 : 5); ++i) // one is missing
      list["items"].push_back(live(i, i == 3 ? "other" : "v"));
    return FakeReply(200, list.dump());
  };
  const auto report = lab.apply(objects);
  REQUIRE(report);
  Effects wanted(11, "unchanged");
  wanted[3] = wanted[9] = wanted[10] = "created"; // as the fake says of everything
  CHECK(effects(*report) == wanted);
  CHECK(std::set<std::string>(lab.cluster.applied.begin(), lab.cluster.applied.end()) ==
        std::set<std::string>{"alone", "c-3", "c-9"});
  CHECK(lab.count("GET /api/v1/namespaces/a/configmaps?") == 2);
  CHECK(lab.count("GET /api/v1/namespaces/a/secrets") == 0);
}

TEST_CASE("who may not list applies all the same") {
  Lab lab;
  std::vector<Object> objects;
  for (int i = 0; i < 10; ++i)
    objects.push_back(config("c-" + std::to_string(i)));
  lab.cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method == "GET") return status(403, "configmaps is forbidden");
    return std::nullopt;
  };
  const auto report = lab.apply(objects);
  REQUIRE(report);
  CHECK(effects(*report) == Effects(10, "created"));
}

TEST_CASE("a set that is new to the cluster is not looked for in what others have there") {
  Lab lab;
  std::vector<Object> objects;
  for (int i = 0; i < 20; ++i)
    objects.push_back(config("c-" + std::to_string(i)));
  lab.cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method == "GET" && has(request.target, "/configmaps/")) return status(404, "not found");
    return std::nullopt;
  };
  const auto report = lab.apply(objects);
  REQUIRE(report);
  CHECK(effects(*report) == Effects(20, "created"));
  CHECK(lab.count("GET /api/v1/namespaces/a/configmaps?") == 0);
  CHECK(lab.count("GET /api/v1/namespaces/a/configmaps/") == 3);
}

TEST_CASE("in a crowd what stands is read one by one") {
  Lab lab;
  std::vector<Object> objects;
  for (int i = 0; i < 10; ++i)
    objects.push_back(object("v1", "ServiceAccount", "a", "s-" + std::to_string(i)));
  lab.cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method != "GET" || !has(request.target, "/serviceaccounts")) return std::nullopt;
    if (has(request.target, "limit="))
      return FakeReply(200, R"({"metadata":{"continue":"x","remainingItemCount":5000},"items":[]})");
    if (has(request.target, "s-4")) return status(404, "not found");
    const std::string name = request.target.substr(request.target.rfind('/') + 1);
    return FakeReply(200, json({{"metadata", {{"name", name}, {"uid", "u"}}}}).dump());
  };
  const auto report = lab.apply(objects);
  REQUIRE(report);
  Effects wanted(10, "unchanged");
  wanted[4] = "created";
  CHECK(effects(*report) == wanted);
  CHECK(lab.count("GET /api/v1/namespaces/a/serviceaccounts?") == 1);
}

// ---- a server far away

namespace {

bool is_greeting(const FakeRequest &request) { return request.target == "/api/v1/namespaces?limit=1"; }

struct FarLab : Lab {
  std::shared_ptr<Event> answer = std::make_shared<Event>(io.get_executor()); ///< for what the script holds back
  FarLab() { options.round_trip = far_away; }
};

FakeReply conflict() {
  return FakeReply(409, json({{"kind", "Status"},
                              {"reason", "Conflict"},
                              {"message", "Operation cannot be fulfilled: the object has been modified"}})
                            .dump());
}

} // namespace

TEST_CASE("a server far away is sent the first objects along with the first question") {
  FarLab lab;
  lab.options.concurrency = 8;
  int created = 0;
  lab.cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (is_greeting(request)) {
      FakeReply reply = nothing_there();
      reply.after = lab.answer; // not answered before four objects are there
      return reply;
    }
    if (request.method == "PATCH" && ++created == 4) lab.answer->set();
    return std::nullopt;
  };
  auto report = lab.apply(configs(20));
  REQUIRE(report);
  CHECK(effects(*report) == Effects(20, "created"));
  CHECK(lab.sent_ahead() == 4); // the greeting and three samples are in flight as well
  CHECK(lab.count("PATCH") == 20);
  CHECK(lab.server.most_in_flight() <= 8);
}

TEST_CASE("only what waits for nothing goes ahead, and nothing where an answer has to be known before") {
  FarLab lab;
  const std::vector<Object> objects = {object("v1", "Namespace", "", "a"), config("x", "a"),
                                       object("example.org/v1", "Widget", "b", "w"), config("y", "b"),
                                       object("apps/v1", "Deployment", "b", "web")};
  long ahead = 2; // the Namespace, and what is in another one
  SECTION("as a rule") {}
  SECTION("a dry run") {
    lab.options.dry_run = true;
    ahead = 0;
  }
  SECTION("an inventory") {
    lab.options.inventory = kubernetes::apply_set_parent("set", "elsewhere").value();
    ahead = 0;
  }
  SECTION("a server nearby") {
    lab.options.round_trip = std::chrono::milliseconds(2);
    ahead = 0;
  }
  SECTION("one request at a time") {
    lab.options.concurrency = 1;
    ahead = 0;
  }
  static_cast<void>(lab.apply(objects));
  CHECK(lab.sent_ahead() == ahead);
}

TEST_CASE("what was there already when it went ahead is applied like everything else") {
  FarLab lab;
  lab.cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (request.method != "PATCH") return std::nullopt;
    if (only_creates(request)) return conflict();
    return FakeReply(200, R"({"metadata":{"name":"x","resourceVersion":"1"}})"); // not newer than the greeting
  };
  auto report = lab.apply({config("x"), config("y")});
  REQUIRE(report);
  CHECK(effects(*report) == Effects(2, "unchanged"));
  CHECK(lab.sent_ahead() == 2);
  CHECK(lab.count("PATCH") == 4);
}

TEST_CASE("what stands as it would be applied is refused ahead, and then only looked at") {
  FarLab lab;
  lab.cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (only_creates(request)) return conflict();
    const bool one = request.method == "GET" && has(request.target, "/configmaps/c");
    const bool all = request.method == "GET" && has(request.target, "/configmaps?limit=");
    if (!one && !all) return std::nullopt;
    const auto live = [](const std::string &name) {
      return json{{"metadata",
                   {{"name", name},
                    {"namespace", "a"},
                    {"managedFields",
                     {{{"manager", "ksail"},
                       {"operation", "Apply"},
                       {"apiVersion", "v1"},
                       {"fieldsV1", {{"f:data", {{"f:key", json::object()}}}}}}}}}},
                  {"data", {{"key", "v"}}}};
    };
    if (one) return FakeReply(200, live(request.target.substr(request.target.rfind('/') + 1)).dump());
    json list = {{"metadata", {{"resourceVersion", "5"}}}, {"items", json::array()}};
    for (int i = 0; i < 10; ++i)
      list["items"].push_back(live("c" + std::to_string(i)));
    return FakeReply(200, list.dump());
  };
  std::vector<Object> objects;
  for (int i = 0; i < 10; ++i)
    objects.push_back(object("v1", "ConfigMap", "a", "c" + std::to_string(i), {{"data", {{"key", "v"}}}}));
  auto report = lab.apply(objects);
  REQUIRE(report);
  CHECK(effects(*report) == Effects(10, "unchanged"));
  CHECK(lab.count("PATCH") == lab.sent_ahead());
  CHECK(lab.sent_ahead() == 10);
}

TEST_CASE("nothing got through to a server far away: the whole has failed, not every object") {
  FarLab lab;
  lab.cluster.script = [](const FakeRequest &) -> std::optional<FakeReply> { return status(401, "Unauthorized"); };
  auto report = lab.apply(configs(100));
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Code::unauthenticated);
  CHECK(lab.told.empty());
}

TEST_CASE("what was created ahead is told although the first question was refused, and the rest is tried") {
  FarLab lab;
  lab.options.concurrency = 8;
  lab.cluster.script = [](const FakeRequest &request) -> std::optional<FakeReply> {
    if (is_greeting(request)) return status(400, "no such question");
    return std::nullopt;
  };
  auto report = lab.apply(configs(30));
  REQUIRE(report);
  CHECK(lab.sent_ahead() > 0);
  CHECK(report->objects[0].effect == "created");
  CHECK(lab.told.size() == 30);
}

TEST_CASE("interrupted while objects go ahead, what was created is told and what was not is left") {
  FarLab lab;
  lab.cluster.script = [&](const FakeRequest &request) -> std::optional<FakeReply> {
    if (is_greeting(request)) {
      FakeReply reply = nothing_there();
      reply.after = lab.answer;
      return reply;
    }
    if (request.method != "PATCH") return std::nullopt;
    const json body = json::parse(request.body);
    if (body["metadata"]["name"] == "lost") return no_answer();
    if (body["metadata"]["name"] == "there") return conflict();
    lab.interrupt_soon([&lab] { lab.answer->set(); });
    return std::nullopt;
  };
  auto report =
      lab.apply({config("lost"), config("there"), config("new"), object("apps/v1", "Deployment", "a", "late")});
  REQUIRE(report);
  CHECK(report->interrupted);
  REQUIRE(report->objects.size() == 4);
  CHECK(report->objects[0].effect == "failed");
  CHECK(report->objects[0].error->outcome_unknown);
  CHECK_THAT(report->objects[0].error->hint, Catch::Contains("may have been applied"));
  CHECK(report->objects[1].effect == "skipped");
  CHECK(report->objects[2].effect == "created");
  CHECK(report->objects[3].effect == "skipped");
  CHECK(lab.sent_ahead() == 3);
  CHECK(lab.count("PATCH /api/v1/namespaces/a/configmaps/there") == 1);
  CHECK(lab.count("PATCH /apis/apps") == 0);
}
