// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/apply_set.hpp"
#include "kubernetes/kind_hint.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace ksail;
using namespace ksail::kubernetes;
using nlohmann::json;

TEST_CASE("an inventory is a Secret unless it says otherwise, and its id is that of KEP-3659") {
  const auto secret = apply_set_parent("app", "shop");
  REQUIRE(secret);
  CHECK(secret->describe() == "Secret shop/app");
  CHECK(secret->path() == "/api/v1/namespaces/shop/secrets/app");
  // printf app.shop.Secret. | sha256sum, in base64url without padding
  CHECK(secret->id() == "applyset-xBGgD7ezqO0K_4n18GXaCHUKkjperhz03aQL4kfP93M-v1");
  const auto map = apply_set_parent("configmap/app", "shop");
  REQUIRE(map);
  CHECK(map->describe() == "ConfigMap shop/app");
  CHECK(map->id() != secret->id());
  for (const char *bad : {"", "pod/app", "App", "secret/", "a/b/c", "-a", "a..b"})
    CHECK(apply_set_parent(bad, "shop").error().code == Code::usage);
}

TEST_CASE("what an inventory says is read back as it was written") {
  const auto parent = *apply_set_parent("app", "shop");
  ApplySetContents contents;
  contents.kinds = {{"", "ConfigMap"}, {"apps", "Deployment"}, {"example.com", "Widget"}};
  contents.namespaces = {"shop", "other", "third"};
  const json object = apply_set_object(parent, contents, "ksail/1.2");
  CHECK(object["metadata"]["annotations"]["applyset.kubernetes.io/contains-group-kinds"] ==
        "ConfigMap,Deployment.apps,Widget.example.com");
  CHECK(object["metadata"]["annotations"]["applyset.kubernetes.io/additional-namespaces"] == "other,third");
  const auto back = apply_set_contents(object, parent, "ksail");
  REQUIRE(back);
  CHECK(*back == contents);
}

TEST_CASE("an inventory of another tool, a copy of one, and what is none are refused") {
  const auto parent = *apply_set_parent("app", "shop");
  json object = apply_set_object(parent, {}, "kubectl/v1.34.2");
  const auto theirs = apply_set_contents(object, parent, "ksail");
  REQUIRE_FALSE(theirs);
  CHECK_THAT(theirs.error().message, Catch::Contains("kubectl"));
  CHECK_THAT(theirs.error().hint, Catch::Contains("tooling=ksail/1"));
  const auto copy =
      apply_set_contents(apply_set_object(*apply_set_parent("other", "shop"), {}, "ksail/1"), parent, "ksail");
  REQUIRE_FALSE(copy);
  CHECK(copy.error().code == Code::failed_precondition);
  const auto none = apply_set_contents(json{{"metadata", {{"name", "app"}}}}, parent, "ksail");
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Code::already_exists);
}

TEST_CASE("what has to stay is not pruned") {
  CHECK(apply_set_keeps(json::parse(R"({"metadata":{}})")).empty());
  CHECK_FALSE(
      apply_set_keeps(json::parse(R"({"metadata":{"annotations":{"helm.sh/resource-policy":"keep"}}})")).empty());
  CHECK_FALSE(apply_set_keeps(
                  json::parse(R"({"metadata":{"annotations":{"argocd.argoproj.io/sync-options":"A=b,Prune=false"}}})"))
                  .empty());
  CHECK(apply_set_keeps(
            json::parse(R"({"metadata":{"ownerReferences":[{"kind":"Service","name":"web","controller":true}]}})")) ==
        "it belongs to Service web");
  CHECK(apply_set_keeps(json::parse(R"({"metadata":{"ownerReferences":[{"kind":"Service","name":"web"}]}})")).empty());
  CHECK_FALSE(apply_set_keeps(json::parse(R"({"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"}})")).empty());
}

TEST_CASE("a kind that is not there is answered with what was probably meant") {
  CHECK(kind_hint("apps/v2", "Deployment", {}) == "Deployment is in apps/v1");
  CHECK(kind_hint("v1", "Ingress", {}) == "Ingress is in networking.k8s.io/v1");
  CHECK(kind_hint("apps/v1", "Deploymnet", {}) == "did you mean Deployment of apps/v1?");
  ResourceInfo widget;
  widget.kind = "Widget";
  CHECK(kind_hint("example.com/v1", "widgets", {widget}) == "did you mean Widget?");
  CHECK(kind_hint("example.com/v1", "Gadget", {widget}).empty());
}
