// SPDX-License-Identifier: Apache-2.0
#include "certificates.hpp"
#include "fake_api_server.hpp"
#include "kubernetes/client.hpp"
#include "run_coroutine.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

using namespace ksail;
using namespace ksail::kubernetes;
using ksail::test::FakeApiServer;
using ksail::test::FakeReply;
using ksail::test::FakeRequest;
using nlohmann::json;

namespace {

Deadline patient() { return Deadline::after(std::chrono::seconds(30)); }

/// A client and the server it talks to; the server stops when the work has ended.
struct Lab {
  asio::io_context io;
  FakeApiServer server;
  ClusterAccess access;
  http::PoolOptions pool;

  explicit Lab(FakeApiServer::Handler handler) : server(io.get_executor(), std::move(handler)) {
    access.endpoint = http::Endpoint::tcp("127.0.0.1", server.port());
  }
  template <class T> Result<T> run(std::function<asio::awaitable<Result<T>>(Client &)> work) {
    return test::run<T>(io, [&]() -> asio::awaitable<Result<T>> {
      Client client(io.get_executor(), access, pool);
      Result<T> result = co_await work(client);
      server.stop();
      co_return std::move(result);
    });
  }
  Result<json> get(const std::string &path) {
    return run<json>([path](Client &client) { return client.get(path, patient()); });
  }
  std::vector<std::string> targets() const {
    std::vector<std::string> out;
    for (const auto &request : server.seen())
      out.push_back(request.method + " " + request.target);
    return out;
  }
};

FakeReply reply(int status, const json &body) { return FakeReply(status, body.dump()); }

FakeReply throttled() {
  FakeReply answer = reply(429, {{"kind", "Status"}, {"message", "too many"}, {"reason", "TooManyRequests"}});
  answer.headers.add("Retry-After", "0");
  return answer;
}

json pod(const std::string &name, const std::string &version) {
  return {{"metadata", {{"name", name}, {"namespace", "a"}, {"uid", name}, {"resourceVersion", version}}}};
}

json pod_list(std::vector<json> pods, const std::string &version) {
  return {{"kind", "PodList"}, {"apiVersion", "v1"}, {"metadata", {{"resourceVersion", version}}}, {"items", pods}};
}

std::string event(const std::string &type, const json &object) {
  return json({{"type", type}, {"object", object}}).dump() + "\n";
}

bool is_watch(const FakeRequest &request) { return request.target.find("watch=1") != std::string::npos; }

/// Runs one watch and writes down what it told, until `last` came.
std::vector<std::string> told(Lab &lab, const std::string &last, Result<void> *ended = nullptr) {
  std::vector<std::string> out;
  auto result = lab.run<void>([&](Client &client) {
    return client.watch(
        "/api/v1/pods", "",
        [&](std::string_view type, const json &object) {
          out.push_back(std::string(type) +
                        (object.contains("metadata") ? " " + object["metadata"].value("name", "") : ""));
          return out.back() == last;
        },
        patient());
  });
  if (ended)
    *ended = result;
  else
    CHECK(result);
  return out;
}

std::string client_certificate(test::Lifetime lifetime) {
  return test::authority().issue("client", {}, test::KeyKind::ed25519, lifetime).certificate_pem;
}

} // namespace

TEST_CASE("a request carries the token, the impersonation and the base path") {
  Lab lab([](const FakeRequest &) { return reply(200, json::object()); });
  lab.access.base_path = "/k8s/c-1";
  lab.access.bearer_token = "secret";
  lab.access.impersonate_user = "jane";
  lab.access.impersonate_groups = {"a", "b"};
  lab.access.impersonate_extra["example.org/scope"] = {"x"};
  REQUIRE(lab.get("/api/v1/nodes"));
  const auto &request = lab.server.seen().at(0);
  CHECK(request.target == "/k8s/c-1/api/v1/nodes");
  CHECK(request.headers.get("Authorization") == "Bearer secret");
  CHECK(request.headers.get("Impersonate-User") == "jane");
  CHECK(request.headers.get("Impersonate-Extra-example.org%2Fscope") == "x");
  CHECK(request.headers.get("Accept") == "application/json");
}

TEST_CASE("429 with Retry-After is asked again, and the answer then is the answer") {
  int calls = 0;
  Lab lab([&](const FakeRequest &) { return ++calls < 3 ? throttled() : reply(200, {{"ok", true}}); });
  auto result = lab.get("/api/v1/nodes");
  REQUIRE(result);
  CHECK((*result)["ok"] == true);
  CHECK(calls == 3);
}

TEST_CASE("a Retry-After beyond the deadline is not waited for") {
  int calls = 0;
  Lab lab([&](const FakeRequest &) {
    ++calls;
    FakeReply answer = throttled();
    answer.headers.set("Retry-After", "3600");
    return answer;
  });
  auto result = lab.get("/api/v1/nodes");
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::resource_exhausted);
  CHECK(result.error().retry_after == std::chrono::seconds(3600));
  CHECK(calls == 1);
}

TEST_CASE("a 500 without Retry-After is not asked again") {
  int calls = 0;
  Lab lab([&](const FakeRequest &) {
    ++calls;
    return reply(500, {{"kind", "Status"}, {"message", "no"}});
  });
  CHECK_FALSE(lab.get("/api/v1/nodes"));
  CHECK(calls == 1);
}

TEST_CASE("401 renews the credentials once, and the same request goes out again") {
  Lab lab([](const FakeRequest &request) {
    return request.headers.get("Authorization") == "Bearer new" ? reply(200, json::object())
                                                                : reply(401, {{"kind", "Status"}});
  });
  int renewed = 0;
  lab.access.bearer_token = "old";
  lab.access.refresh = [&]() -> Result<ClusterAccess> {
    ++renewed;
    ClusterAccess fresh = lab.access;
    fresh.bearer_token = "new";
    return fresh;
  };
  CHECK(lab.get("/api/v1/nodes"));
  CHECK(renewed == 1);
}

TEST_CASE("credentials that stay wrong are renewed once only, and no secret shows") {
  Lab lab([](const FakeRequest &) { return reply(401, {{"kind", "Status"}, {"message", "Unauthorized"}}); });
  int renewed = 0;
  lab.access.bearer_token = "tell-nobody";
  lab.access.refresh = [&]() -> Result<ClusterAccess> {
    ++renewed;
    return lab.access;
  };
  auto result = lab.get("/api/v1/nodes");
  REQUIRE_FALSE(result);
  CHECK(renewed == 1);
  CHECK(result.error().code == Code::unauthenticated);
  CHECK_THAT(result.error().message, Catch::Contains("401") && !Catch::Contains("tell-nobody"));
  CHECK_FALSE(result.error().hint.empty());
}

TEST_CASE("an expired client certificate fails before anything is sent, with the moment it expired") {
  Lab lab([](const FakeRequest &) { return reply(200, json::object()); });
  lab.access.endpoint.tls.certificate_pem = client_certificate(test::Lifetime::past);
  auto result = lab.get("/api/v1/nodes");
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::unauthenticated);
  CHECK_THAT(result.error().message, Catch::Contains("expired at 20"));
  auto connected = lab.run<void>([](Client &client) { return client.connect(patient()); });
  REQUIRE_FALSE(connected);
  CHECK(connected.error().message == result.error().message);
  CHECK(lab.server.seen().empty());
}

TEST_CASE("an expired client certificate that can be renewed is renewed first") {
  Lab lab([](const FakeRequest &) { return reply(200, json::object()); });
  lab.access.endpoint.tls.certificate_pem = client_certificate(test::Lifetime::past);
  lab.access.refresh = [&]() -> Result<ClusterAccess> {
    ClusterAccess fresh = lab.access;
    fresh.endpoint.tls.certificate_pem = client_certificate(test::Lifetime::now);
    return fresh;
  };
  CHECK(lab.get("/api/v1/nodes"));
  CHECK(lab.server.seen().size() == 1);
}

TEST_CASE("a server that cannot be reached is named, with what to look at") {
  Lab lab([](const FakeRequest &) { return FakeReply(); });
  lab.server.stop();
  asio::io_context io;
  auto result = test::run<json>(io, [&]() -> asio::awaitable<Result<json>> {
    Client client(io.get_executor(), lab.access, lab.pool);
    auto got = co_await client.get("/api/v1/nodes", patient());
    co_return std::move(got);
  });
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::unavailable);
  CHECK(result.error().retryable);
  CHECK_THAT(result.error().message, Catch::Contains("127.0.0.1"));
  CHECK_THAT(result.error().hint, Catch::Contains("cluster"));
}

TEST_CASE("an apply sends the object as server-side apply and tells created, configured and unchanged apart") {
  int version = 10;
  Lab lab([&](const FakeRequest &request) {
    if (request.method == "GET") return reply(200, {{"metadata", {{"resourceVersion", "10"}}}});
    const bool create = request.target.find("/new") != std::string::npos;
    const bool change = request.target.find("/old") != std::string::npos;
    if (create || change) ++version;
    return reply(create ? 201 : 200,
                 {{"metadata", {{"resourceVersion", create || change ? std::to_string(version) : "7"}}}});
  });
  std::vector<ApplyEffect> effects;
  auto result = lab.run<void>([&](Client &client) -> asio::awaitable<Result<void>> {
    for (const char *name : {"new", "old", "same"}) {
      ApplyOptions options;
      auto applied = co_await client.apply(std::string("/api/v1/namespaces/a/configmaps/") + name, R"({"a":"\/"})",
                                           options, patient());
      if (!applied) co_return applied.error();
      effects.push_back(applied->effect);
    }
    co_return Result<void>();
  });
  REQUIRE(result);
  CHECK(effects == std::vector<ApplyEffect>{ApplyEffect::created, ApplyEffect::configured, ApplyEffect::unchanged});
  REQUIRE(lab.server.seen().size() == 4); // one small list, and one request per object
  const auto &first = lab.server.seen()[1];
  CHECK(first.method == "PATCH");
  CHECK(first.target == "/api/v1/namespaces/a/configmaps/new?fieldManager=ksail&force=true&fieldValidation=Ignore");
  CHECK(first.headers.get("Content-Type") == "application/apply-patch+yaml");
  CHECK(first.body == "{\n\"a\":\"/\"}");
}

TEST_CASE("an apply that is to create claims a version that no object has, and asks nothing before") {
  CHECK(only_created(R"({"n":1e400,"spec":{"metadata":{"a":"b"}},"metadata" : {"name":"x\"{"},"z":[]})") ==
        R"({"n":1e400,"spec":{"metadata":{"a":"b"}},"metadata" : {"resourceVersion":"1","name":"x\"{"},"z":[]})");
  CHECK(only_created(R"({"kind":"metadata","metadata":{"name":"x"}})") ==
        R"({"kind":"metadata","metadata":{"resourceVersion":"1","name":"x"}})");
  CHECK_FALSE(only_created(R"({"metadata":{"name":"x","resourceVersion":"7"}})"));
  for (const char *without : {"{}", R"({"metadata":{}})", R"({"metadata":null})", R"({"a":{"metadata":{"b":1}}})", "",
                              "{\"metadata\":{", "\"metadata", "{\"metadata\\"})
    CHECK_FALSE(only_created(without));
  Lab lab([](const FakeRequest &) {
    return reply(409, {{"kind", "Status"}, {"reason", "Conflict"}, {"message", "the object has been modified"}});
  });
  auto result = lab.run<void>([](Client &client) -> asio::awaitable<Result<void>> {
    ApplyOptions options;
    options.only_create = true;
    auto applied = co_await client.apply("/api/v1/namespaces/a", R"({"metadata":{"name":"a"}})", options, patient());
    if (!applied) co_return applied.error();
    co_return Result<void>();
  });
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::aborted);
  REQUIRE(lab.server.seen().size() == 1);
  CHECK(lab.server.seen()[0].body.find(R"("resourceVersion":"1")") != std::string::npos);
}

TEST_CASE("an apply works for those who may not list namespaces, and says dryRun when it is one") {
  Lab lab([](const FakeRequest &request) {
    if (request.method == "GET") return reply(403, {{"kind", "Status"}, {"message", "forbidden"}});
    return reply(200, {{"metadata", {{"resourceVersion", "7"}}}});
  });
  auto result = lab.run<void>([](Client &client) -> asio::awaitable<Result<void>> {
    for (int i = 0; i < 2; ++i) {
      ApplyOptions options;
      options.dry_run = true;
      options.force = false;
      auto applied = co_await client.apply("/api/v1/namespaces/a", "{}", options, patient());
      if (!applied) co_return applied.error();
    }
    co_return Result<void>();
  });
  REQUIRE(result);
  CHECK(lab.targets() ==
        std::vector<std::string>{
            "GET /api/v1/namespaces?limit=1",
            "PATCH /api/v1/namespaces/a?fieldManager=ksail&force=false&fieldValidation=Ignore&dryRun=All",
            "PATCH /api/v1/namespaces/a?fieldManager=ksail&force=false&fieldValidation=Ignore&dryRun=All"});
}

TEST_CASE("a watch tells the list, SYNCED, and then the changes") {
  Lab lab([](const FakeRequest &request) {
    if (!is_watch(request)) return reply(200, pod_list({pod("x", "4")}, "5"));
    FakeReply stream;
    stream.pieces = {event("MODIFIED", pod("x", "6")), event("ADDED", pod("y", "7")) + event("DELETED", pod("x", "8"))};
    stream.end = FakeReply::End::hold;
    return stream;
  });
  CHECK(told(lab, "DELETED x") == std::vector<std::string>{"ADDED x", "SYNCED", "MODIFIED x", "ADDED y", "DELETED x"});
  CHECK(lab.targets()[0] == "GET /api/v1/pods?limit=500");
  CHECK_THAT(lab.targets()[1], Catch::Contains("allowWatchBookmarks=true") && Catch::Contains("resourceVersion=5"));
}

TEST_CASE("a watch that ends or is cut goes on from the newest version it knows, a bookmark's included") {
  int watches = 0;
  Lab lab([&](const FakeRequest &request) {
    if (!is_watch(request)) return reply(200, pod_list({}, "5"));
    FakeReply stream;
    switch (++watches) {
    case 1:
      stream.pieces = {event("ADDED", pod("a", "6")), event("BOOKMARK", {{"metadata", {{"resourceVersion", "9"}}}})};
      break; // a regular end
    case 2:
      stream.pieces = {event("ADDED", pod("b", "10")), R"({"type":"ADDED","obj)"};
      stream.end = FakeReply::End::cut;
      break;
    case 3:
      stream.end = FakeReply::End::silent;
      break;
    default:
      stream.pieces = {event("ADDED", pod("c", "11"))};
      stream.end = FakeReply::End::hold;
    }
    return stream;
  });
  CHECK(told(lab, "ADDED c") == std::vector<std::string>{"SYNCED", "ADDED a", "ADDED b", "ADDED c"});
  const auto targets = lab.targets();
  REQUIRE(targets.size() == 5);
  CHECK_THAT(targets[2], Catch::Contains("resourceVersion=9"));
  CHECK_THAT(targets[3], Catch::Contains("resourceVersion=10"));
  CHECK_THAT(targets[4], Catch::Contains("resourceVersion=10"));
}

TEST_CASE("on 410 a watch lists again and tells what differs, by event and by status") {
  const bool by_status = GENERATE(false, true);
  int lists = 0, watches = 0;
  Lab lab([&](const FakeRequest &request) {
    if (!is_watch(request))
      return ++lists == 1 ? reply(200, pod_list({pod("gone", "1"), pod("stays", "2")}, "5"))
                          : reply(200, pod_list({pod("stays", "20"), pod("new", "21")}, "30"));
    FakeReply stream;
    if (++watches == 1) {
      if (by_status) return reply(410, {{"kind", "Status"}, {"code", 410}, {"message", "too old"}});
      stream.pieces = {event("ERROR", {{"kind", "Status"}, {"code", 410}})};
      return stream;
    }
    stream.pieces = {event("ADDED", pod("last", "31"))};
    stream.end = FakeReply::End::hold;
    return stream;
  });
  CHECK(told(lab, "ADDED last") == std::vector<std::string>{"ADDED gone", "ADDED stays", "SYNCED", "MODIFIED stays",
                                                            "ADDED new", "DELETED gone", "ADDED last"});
  CHECK(lists == 2);
}

TEST_CASE("long lists come in pages, and start over when their snapshot is gone") {
  int calls = 0;
  Lab lab([&](const FakeRequest &request) {
    if (is_watch(request)) return reply(404, {{"kind", "Status"}});
    ++calls;
    const bool next = request.target.find("continue=more%3D") != std::string::npos;
    if (next && calls == 2) return reply(410, {{"kind", "Status"}, {"message", "expired"}});
    json page = pod_list({pod(next ? "b" : "a", "1")}, "5");
    if (!next) page["metadata"]["continue"] = "more=";
    return reply(200, page);
  });
  CHECK(told(lab, "SYNCED") == std::vector<std::string>{"ADDED a", "ADDED b", "SYNCED"});
  CHECK(calls == 4);
}

TEST_CASE("a list that is refused ends the watch with the reason") {
  Lab lab([](const FakeRequest &) { return reply(403, {{"kind", "Status"}, {"message", "pods is forbidden"}}); });
  Result<void> ended;
  told(lab, "", &ended);
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == Code::permission_denied);
  CHECK_THAT(ended.error().message, Catch::Contains("pods is forbidden"));
}

TEST_CASE("a watch whose time is up says so") {
  Lab lab([](const FakeRequest &request) {
    if (!is_watch(request)) return reply(200, pod_list({}, "5"));
    FakeReply stream;
    stream.end = FakeReply::End::hold;
    return stream;
  });
  auto result = lab.run<void>([](Client &client) {
    return client.watch(
        "/api/v1/pods", "labelSelector=a%3Db", [](std::string_view, const json &) { return false; },
        Deadline::after(std::chrono::milliseconds(50)));
  });
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::deadline_exceeded);
  CHECK(lab.targets()[0] == "GET /api/v1/pods?labelSelector=a%3Db&limit=500");
}

TEST_CASE("waiting for a server goes on through refusals and resets until it is ready") {
  int calls = 0;
  Lab lab([&](const FakeRequest &) {
    FakeReply dead;
    dead.end = FakeReply::End::silent;
    switch (++calls) {
    case 1:
      return dead;
    case 2:
      return reply(401, {{"kind", "Status"}});
    case 3:
      return reply(403, {{"kind", "Status"}});
    case 4:
      return FakeReply(500, "[-]etcd failed\n");
    default:
      return FakeReply(200, "ok");
    }
  });
  CHECK(lab.run<void>([](Client &client) { return client.wait_until_answering("/readyz", patient()); }));
  CHECK(calls >= 5);
}

TEST_CASE("a server that never gets ready is told with its last answer") {
  Lab lab([](const FakeRequest &) { return FakeReply(500, "[-]etcd failed\nreadyz check failed\n"); });
  auto result = lab.run<void>([](Client &client) {
    return client.wait_until_answering("/readyz", Deadline::after(std::chrono::milliseconds(1500)));
  });
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::deadline_exceeded);
  CHECK_THAT(result.error().message, Catch::Contains("[-]etcd failed"));
}

TEST_CASE("discovery asks once per group version, however many want to know at once, and not for built-in kinds") {
  Lab lab([](const FakeRequest &) {
    return reply(200, {{"resources",
                        {{{"name", "gateways"}, {"kind", "Gateway"}, {"namespaced", true}},
                         {{"name", "gateways/status"}, {"kind", "Gateway"}, {"namespaced", true}},
                         {{"name", "classes"}, {"kind", "Class"}, {"namespaced", false}}}}});
  });
  auto result = lab.run<void>([](Client &client) {
    std::vector<std::function<asio::awaitable<Result<void>>()>> work;
    for (const char *kind : {"Gateway", "Class", "Gateway"})
      work.push_back([&client, kind]() -> asio::awaitable<Result<void>> {
        auto found = co_await client.resource("net.example/v1", kind, patient());
        if (!found) co_return found.error();
        CHECK(found->namespaced == (found->kind == "Gateway"));
        co_return Result<void>();
      });
    work.push_back([&client]() -> asio::awaitable<Result<void>> {
      auto found = co_await client.resource("apps/v1", "Deployment", patient());
      if (!found) co_return found.error();
      co_return Result<void>();
    });
    ForEachOptions all;
    return run_all(std::move(work), all);
  });
  CHECK(result);
  CHECK(lab.targets() == std::vector<std::string>{"GET /apis/net.example/v1"});
}

TEST_CASE("a kind that came after the first look is found at the second") {
  int calls = 0;
  Lab lab([&](const FakeRequest &) {
    json list = {{"resources", json::array()}};
    if (++calls > 2) list["resources"].push_back({{"name", "late"}, {"kind", "Late"}, {"namespaced", true}});
    if (calls == 1) return reply(404, {{"kind", "Status"}, {"message", "not found"}});
    return reply(200, list);
  });
  std::vector<bool> found;
  auto result = lab.run<void>([&](Client &client) -> asio::awaitable<Result<void>> {
    for (int i = 0; i < 3; ++i) {
      auto kind = co_await client.resource("x.example/v1", "Late", patient());
      found.push_back(kind.has_value());
      if (!kind) CHECK(kind.error().code == Code::not_found);
    }
    co_return Result<void>();
  });
  CHECK(result);
  CHECK(found == std::vector<bool>{false, false, true});
}
