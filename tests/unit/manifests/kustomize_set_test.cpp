// SPDX-License-Identifier: Apache-2.0
// Several kustomizations as one set.
#include "kustomize_tree.hpp"
#include "manifests/kustomize/overlay_set.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::manifests;
using kustomize::Clash;

namespace {

const std::map<std::string, std::string> kFiles = {
    {"shared/kustomization.yaml", "resources: [cm.yaml]\n"},
    {"shared/cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\ndata: {a: \"1\"}\n"},
    {"a/kustomization.yaml", "resources: [../shared, own.yaml]\n"},
    {"a/own.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n"},
    {"b/kustomization.yaml", "resources: [../shared]\n"},
    {"c/kustomization.yaml", "resources: [../shared]\npatches: [{patch: '{apiVersion: v1, kind: ConfigMap, "
                             "metadata: {name: shared}, data: {a: \"2\"}}'}]\n"}};

std::vector<std::string> texts(const std::vector<kustomize::BuildResult> &results) {
  std::vector<std::string> out;
  for (const auto &result : results) {
    out.push_back(kustomize::to_yaml(result).value());
  }
  return out;
}

} // namespace

TEST_CASE("overlays that share an object give it once", "[kustomize][set]") {
  const test::Tree tree(kFiles);
  const std::vector<std::string> directories = {tree.at("a"), tree.at("b")};
  const auto built = kustomize::build_all(directories, {}, Clash::refuse);
  REQUIRE(built);
  REQUIRE(built->size() == 2);
  CHECK((*built)[0].objects.size() == 2);
  CHECK((*built)[1].objects.empty());
}

TEST_CASE("overlays that differ in an object are refused, or the last one wins", "[kustomize][set]") {
  const test::Tree tree(kFiles);
  const std::vector<std::string> directories = {tree.at("a"), tree.at("c")};
  const auto refused = kustomize::build_all(directories, {}, Clash::refuse);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::config);
  for (const std::string &part : {std::string("ConfigMap"), std::string("shared"), directories[0], directories[1]}) {
    CHECK_THAT(refused.error().message, Catch::Contains(part));
  }
  const auto last = kustomize::build_all(directories, {}, Clash::last_wins);
  REQUIRE(last);
  const auto out = texts(*last);
  CHECK_THAT(out[0], !Catch::Contains("ConfigMap") && Catch::Contains("kind: Secret"));
  CHECK_THAT(out[1], Catch::Contains("a: \"2\""));
}

TEST_CASE("of several overlays the first that is wrong is told", "[kustomize][set]") {
  const test::Tree tree(kFiles);
  const std::vector<std::string> directories = {tree.at("a"), tree.at("gone"), tree.at("lost")};
  const auto built = kustomize::build_all(directories, {}, Clash::refuse);
  REQUIRE_FALSE(built);
  CHECK(built.error().code == Code::not_found);
  CHECK_THAT(built.error().message, Catch::Contains("gone"));
}
