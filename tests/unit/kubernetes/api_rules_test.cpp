// SPDX-License-Identifier: Apache-2.0
#include "certificates.hpp"
#include "kubernetes/api_error.hpp"
#include "kubernetes/apply_effect.hpp"
#include "kubernetes/base64.hpp"
#include "kubernetes/certificate.hpp"
#include "kubernetes/json_text.hpp"
#include "kubernetes/known_kinds.hpp"
#include "kubernetes/server_url.hpp"
#include "kubernetes/time_text.hpp"
#include "manifests/dns_label.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace ksail;
using namespace ksail::kubernetes;
using nlohmann::json;
using namespace std::string_literals;

namespace {

http::Response answer(int status, const json &body) {
  http::Response response;
  response.status = status;
  response.body = body.dump();
  return response;
}

json status_object(const std::string &reason, const std::string &message, json causes = json::array()) {
  return {{"kind", "Status"}, {"reason", reason}, {"message", message}, {"details", {{"causes", std::move(causes)}}}};
}

json applied(const std::string &version, const std::string &manager, const std::string &time) {
  return {{"metadata",
           {{"resourceVersion", version},
            {"managedFields",
             {{{"manager", manager}, {"operation", "Apply"}, {"time", time}},
              {{"manager", "controller"}, {"operation", "Update"}, {"time", "2030-01-01T00:00:00Z"}}}}}}};
}

} // namespace

TEST_CASE("requests are described by verb, kind and object") {
  CHECK(describe_request("PATCH", "/apis/apps/v1/namespaces/shop/deployments/web?force=true",
                         "application/apply-patch+yaml") == "applying deployments.apps shop/web");
  CHECK(describe_request("PATCH", "/api/v1/nodes/n", "application/merge-patch+json") == "changing nodes n");
  CHECK(describe_request("GET", "/api/v1/namespaces/shop") == "reading namespaces shop");
  CHECK(describe_request("GET", "/api/v1/namespaces/shop/pods?watch=1") == "watching pods in namespace shop");
  CHECK(describe_request("GET", "/k8s/c/apis/apps/v1/namespaces/shop/deployments/web/scale") ==
        "reading deployments.apps shop/web/scale");
  CHECK(describe_request("GET", "/readyz") == "reading /readyz");
  CHECK(describe_request("GET", "/apis/apps/v1") == "reading /apis/apps/v1");
  CHECK(describe_request("POST", "/api/v1/namespaces/a/pods") == "creating pods in namespace a");
}

TEST_CASE("a conflict of field managers names manager and field and is not worth repeating") {
  const json causes = {{{"reason", "FieldManagerConflict"},
                        {"message", "conflict with \"kubectl-client-side-apply\" using apps/v1"},
                        {"field", ".spec.replicas"}}};
  const Error error =
      api_error("applying x", answer(409, status_object("Conflict", "Apply failed with 1 conflict", causes)));
  CHECK(error.code == Code::aborted);
  CHECK_FALSE(error.retryable);
  CHECK(error.message == "applying x: field .spec.replicas belongs to \"kubectl-client-side-apply\"");
  CHECK_THAT(error.hint, Catch::Contains("take them over"));
}

TEST_CASE("a conflict of versions is worth repeating, an existing object is not") {
  const Error stale = api_error("x", answer(409, status_object("Conflict", "the object has been modified")));
  CHECK(stale.code == Code::aborted);
  CHECK(stale.retryable);
  const Error exists = api_error("x", answer(409, status_object("AlreadyExists", "pods \"a\" already exists")));
  CHECK(exists.code == Code::already_exists);
  CHECK_FALSE(exists.retryable);
}

TEST_CASE("status codes become the codes the client promises") {
  const auto code = [](int status) { return api_error("x", answer(status, status_object("", "m"))).code; };
  CHECK(code(400) == Code::invalid_argument);
  CHECK(code(401) == Code::unauthenticated);
  CHECK(code(403) == Code::permission_denied);
  CHECK(code(404) == Code::not_found);
  CHECK(code(410) == Code::out_of_range);
  CHECK(code(422) == Code::invalid_argument);
  CHECK(code(429) == Code::resource_exhausted);
  CHECK(code(500) == Code::internal);
  CHECK(code(503) == Code::unavailable);
}

TEST_CASE("a 500 about the manifest is not repeated, one about the store or a webhook is") {
  const auto of = [](const std::string &message) {
    return api_error("x", answer(500, status_object("InternalError", message)));
  };
  const Error typed =
      of("failed to create typed patch object (a/b; apps/v1, Kind=Deployment): .spec.x: field not declared in schema");
  CHECK(typed.code == Code::invalid_argument);
  CHECK_FALSE(typed.retryable);
  CHECK(of("etcdserver: leader changed").retryable);
  CHECK(of("Internal error occurred: failed calling webhook \"a.b\": no endpoints available").retryable);
  CHECK_FALSE(of("something else").retryable);
}

TEST_CASE("Retry-After is read from the header and from the details") {
  http::Response response = answer(503, status_object("ServiceUnavailable", "m"));
  response.headers.add("retry-after", "3");
  CHECK(api_error("x", response).retry_after == std::chrono::seconds(3));
  json status = status_object("ServerTimeout", "m");
  status["details"]["retryAfterSeconds"] = 2;
  const Error error = api_error("x", answer(500, status));
  CHECK(error.retry_after == std::chrono::seconds(2));
  CHECK(error.retryable);
}

TEST_CASE("an answer that is no Status object still gives its text, on one line") {
  http::Response response;
  response.status = 404;
  response.body = "404 page not found\n";
  CHECK(api_error("reading /x", response).message == "reading /x: 404 page not found");
  response.body = "";
  CHECK(api_error("reading /x", response).message == "reading /x: the API server answered 404");
}

TEST_CASE("a namespace that is being deleted can be waited for") {
  const json causes = {{{"reason", "NamespaceTerminating"}}};
  const Error error = api_error("x", answer(403, status_object("Forbidden", "forbidden", causes)));
  CHECK(error.code == Code::failed_precondition);
  CHECK(error.retryable);
}

TEST_CASE("a creation is told by its status alone") {
  CHECK(apply_effect({201, 0, std::nullopt}, json::object(), "ksail") == ApplyEffect::created);
}

TEST_CASE("an object that is not newer than what was known before is unchanged") {
  CHECK(apply_effect({200, 100, std::nullopt}, applied("100", "ksail", "2026-01-01T00:00:00Z"), "ksail") ==
        ApplyEffect::unchanged);
  CHECK(apply_effect({200, 99, std::nullopt}, applied("100", "ksail", "2026-01-01T00:00:00Z"), "ksail") ==
        ApplyEffect::configured);
}

TEST_CASE("a newer object whose fields we last stamped before the request was changed by somebody else") {
  const auto sent = parse_rfc3339_utc("2026-01-01T00:00:10Z");
  CHECK(apply_effect({200, 99, sent}, applied("100", "ksail", "2026-01-01T00:00:05Z"), "ksail") ==
        ApplyEffect::unchanged);
  CHECK(apply_effect({200, 99, sent}, applied("100", "ksail", "2026-01-01T00:00:11Z"), "ksail") ==
        ApplyEffect::configured);
  CHECK(apply_effect({200, 0, sent}, applied("x", "ksail", "2026-01-01T00:00:05Z"), "ksail") == ApplyEffect::unchanged);
  CHECK(apply_effect({200, 0, sent}, applied("x", "other", "2026-01-01T00:00:05Z"), "ksail") ==
        ApplyEffect::configured);
}

TEST_CASE("an object of which we own nothing, stored again only for the server's own bookkeeping, is unchanged") {
  json object = applied("100", "other", "2026-01-01T00:00:05Z");
  object["metadata"]["managedFields"].push_back({{"manager", "before-first-apply"}, {"operation", "Update"}});
  CHECK(apply_effect({200, 99, std::nullopt}, object, "ksail") == ApplyEffect::unchanged);
  CHECK(apply_effect({200, 99, std::nullopt}, object, "other") == ApplyEffect::configured);
}

TEST_CASE("the version of an object is found in its text as in the object") {
  for (const std::string object :
       {R"({"kind":"ConfigMap","metadata":{"name":"a","resourceVersion":"17","uid":"x"},"data":{}})",
        R"({"spec":{"metadata":{"resourceVersion":"9"},"resourceVersion":"8"},"metadata":{"resourceVersion":"17"}})",
        R"({"spec":[{"metadata":{"resourceVersion":"9"}}],"metadata":{"labels":{"resourceVersion":"8"}}})",
        R"({"metadata":{"resourceVersion":"17x"}})", R"({"metadata":{"resourceVersion":17}})", R"({"metadata":[]})",
        R"([{"metadata":{"resourceVersion":"9"}}])", R"("metadata")", "{}"})
    CHECK(revision_in(object) == revision_of(json::parse(object)));
  CHECK(revision_in(R"({"metadata":{"resourceVersion":"17"},"data":)") == 17);
  CHECK(revision_in(R"({"metadata":{"resourceVersion":)") == 0);
  CHECK(revision_in("") == 0);
}

TEST_CASE("JSON is made readable for a YAML parser without changing its meaning") {
  CHECK(yaml_safe(R"("\/x")") == R"("/x")");
  CHECK(yaml_safe(R"("\ud83d\ude00")") == "\"\xF0\x9F\x98\x80\"");
  CHECK(yaml_safe("\"\xC2\x85\xE2\x80\xA8\xE2\x80\xA9\x7F\"") == R"("\u0085\u2028\u2029\u007f")");
  CHECK(yaml_safe(R"("\\/ \\ud83d \u0041")") == R"("\\/ \\ud83d \u0041")");
  CHECK(yaml_safe("\"grün ☃ 😀 \xEF\xBB\xBF\"") == "\"grün ☃ 😀 \\ufeff\"");
  const std::string all = json("\x7F\xC2\x85\xC2\x9F\xC2\xA0\xE2\x80\xA8\xEF\xBF\xBE😀\\/\"\n\t").dump();
  CHECK(json::parse(yaml_safe(all)) == json::parse(all));
}

TEST_CASE("no brace or bracket of JSON for a YAML parser is followed by more on its line, except in texts") {
  CHECK(yaml_safe(R"({"a":{"b":[1,[2]],"c":{},"d":[]}})") == "{\n\"a\":{\n\"b\":[\n1,[\n2]],\"c\":{\n},\"d\":[\n]}}");
  CHECK(yaml_safe(R"(["{[\"{","\\",{}])") == "[\n\"{[\\\"{\",\"\\\\\",{\n}]");
  const std::string all = json({{"{\"[", "[\\"}, {"list", {1, "\\", json::object(), json::array()}}}).dump();
  CHECK(json::parse(yaml_safe(all)) == json::parse(all));
}

TEST_CASE("base64 is decoded strictly, whatever the line breaks") {
  CHECK(decode_base64("") == "");
  CHECK(decode_base64("Zg==") == "f");
  CHECK(decode_base64("Zm9v\nYmFy\n") == "foobar");
  CHECK_FALSE(decode_base64("Zg="));
  CHECK_FALSE(decode_base64("Zg==Zg=="));
  CHECK_FALSE(decode_base64("Z!=="));
  for (const std::string text : {"", "a", "ab", "abc", "abcd"})
    CHECK(decode_base64(encode_base64(text)) == text);
}

TEST_CASE("server addresses are read as client-go reads them") {
  const auto url = parse_server_url("https://[::1]:6443/base/", false);
  REQUIRE(url);
  CHECK(url->tls);
  CHECK(url->host == "::1");
  CHECK(url->port == 6443);
  CHECK(url->base_path == "/base");
  CHECK(parse_server_url("https://a", false)->port == 443);
  CHECK_FALSE(parse_server_url("a:1234", false)->tls);
  CHECK(parse_server_url("a:1234", true)->tls);
  for (const char *bad :
       {"https://", "https://a:0", "https://a:b", "https://::1", "ftp://a", "https://u:p@a", "https://[::1"})
    CHECK_FALSE(parse_server_url(bad, false));
}

TEST_CASE("names of namespaces are DNS labels") {
  const std::string longest(63, 'a');
  for (const std::string &good : {longest, std::string("a"), std::string("0-a")})
    CHECK(manifests::is_dns_label(good));
  for (const std::string &bad : {longest + "a", std::string(), std::string("A"), std::string("-a"), std::string("a-"),
                                 std::string("a.b"), std::string("ä")})
    CHECK_FALSE(manifests::is_dns_label(bad));
}

TEST_CASE("names of other objects are DNS labels with dots between") {
  const std::string longest = std::string(126, 'a') + "." + std::string(126, 'b');
  for (const std::string &good : {longest, std::string("a"), std::string("0-a.b.c-1")})
    CHECK(manifests::is_dns_subdomain(good));
  for (const std::string &bad : {longest + "a", std::string(), std::string("."), std::string("a."), std::string(".a"),
                                 std::string("a..b"), std::string("-a"), std::string("a-.b"), std::string("a.B")})
    CHECK_FALSE(manifests::is_dns_subdomain(bad));
}

TEST_CASE("both of the server's ways to write a moment are read") {
  CHECK(parse_rfc3339_utc("1970-01-02T00:00:01Z") == 86401);
  CHECK(parse_rfc3339_utc("2026-03-01T12:00:00.123456Z") == 1772366400);
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
  CHECK_FALSE(parse_rfc3339_utc("2026-13-01T12:00:00Z"));
  CHECK_FALSE(parse_rfc3339_utc("yesterday"));
  CHECK_FALSE(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"));
}

TEST_CASE("kinds every server has are known, other versions of them are not") {
  const auto deployment = known_kind("apps/v1", "Deployment");
  REQUIRE(deployment);
  CHECK(Client::object_path(*deployment, "shop", "web") == "/apis/apps/v1/namespaces/shop/deployments/web");
  CHECK(Client::object_path(*known_kind("v1", "Namespace"), "ignored", "shop") == "/api/v1/namespaces/shop");
  CHECK(Client::collection_path(*known_kind("v1", "Pod"), "") == "/api/v1/pods");
  CHECK(Client::object_path(*known_kind("rbac.authorization.k8s.io/v1", "ClusterRole"), "", "system:a/b") ==
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Aa%2Fb");
  CHECK_FALSE(known_kind("apps/v1beta1", "Deployment"));
  CHECK_FALSE(known_kind("v1", "Deployment"));
}

TEST_CASE("the dates of a certificate are read, of whatever version it is, and not those of half a one") {
  const auto pem = [](const std::string &der) {
    std::string lines = "-----BEGIN CERTIFICATE-----\n";
    const std::string text = encode_base64(der);
    for (std::size_t at = 0; at < text.size(); at += 64)
      lines += text.substr(at, 64) + "\n";
    return lines + "-----END CERTIFICATE-----\n";
  };
  const std::string issued = test::authority().issue("client", {}).certificate_pem;
  const auto now = std::chrono::system_clock::now();
  const auto read = certificate_validity(issued);
  REQUIRE(read);
  CHECK(std::chrono::abs(read->not_before - (now - std::chrono::hours(1))) < std::chrono::minutes(1));
  CHECK(std::chrono::abs(read->not_after - (now + std::chrono::hours(1))) < std::chrono::minutes(1));

  // Version 1 has no version, and dates from 2050 on are written in another way (RFC 5280 section 4.1).
  const std::string first_version = "\x30\x2b\x30\x29\x02\x01\x01\x30\x00\x30\x00\x30\x20\x17\x0d"
                                    "941106084937Z\x18\x0f"
                                    "20500101000000Z"s;
  const auto old = certificate_validity(pem(first_version));
  REQUIRE(old);
  CHECK(utc_text(old->not_before) == "1994-11-06 08:49:37 UTC");
  CHECK(utc_text(old->not_after) == "2050-01-01 00:00:00 UTC");
  for (std::size_t size = 0; size < first_version.size(); ++size)
    CHECK_FALSE(certificate_validity(pem(first_version.substr(0, size))));
}

TEST_CASE("a client certificate that is none is refused before anything is sent") {
  const auto now = std::chrono::system_clock::now();
  auto checked = check_client_certificate("-----BEGIN CERTIFICATE-----\nnot\n", now);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().code == Code::unauthenticated);
  CHECK(utc_text(std::chrono::system_clock::from_time_t(784111777)) == "1994-11-06 08:49:37 UTC");
}
