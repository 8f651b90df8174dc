// SPDX-License-Identifier: Apache-2.0
// What a kustomization may not read or build on, and what is said of it: which kustomization, what, and what to do.
#include "kustomize_tree.hpp"
#include "manifests/kustomize/build.hpp"

#include <catch2/catch.hpp>

#include <filesystem>

using namespace ksail;
using namespace ksail::manifests;
using test::Tree;

namespace {

/// The error of building it, after the reference has refused it, too.
Error refused(const Tree &tree, const std::string &directory) {
  CHECK(test::as_reference(tree, directory).starts_with("error: "));
  const auto built = kustomize::build(tree.at(directory), {});
  return built ? Error(Code::ok, "it is built") : built.error();
}

} // namespace

TEST_CASE("kustomize: a symbolic link is no way out of the directory", "[kustomize][loader]") {
  const Tree tree({{"over/kustomization.yaml", "configMapGenerator: [{name: c, files: [link.txt]}]\n"},
                   {"in/kustomization.yaml", "configMapGenerator: [{name: c, files: [link.txt]}]\n"},
                   {"in/deep/real.txt", "inside"},
                   {"secret.txt", "outside"}});
  std::filesystem::create_symlink(tree.at("secret.txt"), tree.at("over/link.txt"));
  std::filesystem::create_symlink("deep/real.txt", tree.at("in/link.txt"));
  const auto error = refused(tree, "over");
  CHECK(error.code == Code::config);
  CHECK_THAT(error.message, Catch::Contains("over/kustomization.yaml") && Catch::Contains("link.txt") &&
                                Catch::Contains("not in or below"));
  CHECK_THAT(error.hint, Catch::Contains("LoadRestrictionsNone"));
  CHECK_THAT(test::as_reference(tree, "in"), Catch::Contains("link.txt: inside"));
}

TEST_CASE("kustomize: nothing is built on itself, by whatever path", "[kustomize][loader]") {
  const Tree tree({{"a/kustomization.yaml", "resources: [../b]\n"},
                   {"b/kustomization.yaml", "resources: [link]\n"},
                   {"above/kustomization.yaml", "resources: [below]\n"},
                   {"above/below/kustomization.yaml", "resources: [..]\n"}});
  std::filesystem::create_directory_symlink(tree.at("a"), tree.at("b/link"));
  for (const char *directory : {"a", "above"}) {
    const auto error = refused(tree, directory);
    CHECK(error.code == Code::config);
    CHECK_THAT(error.message, Catch::Contains("cycle") && Catch::Contains("kustomization.yaml"));
  }
}

TEST_CASE("kustomize: what is missing, unknown or of the wrong type is named", "[kustomize][loader]") {
  const Tree tree({{"gone/kustomization.yaml", "resources: [../nothing]\n"},
                   {"none/x", ""},
                   {"two/kustomization.yaml", "resources: []\n"},
                   {"two/Kustomization", "resources: []\n"},
                   {"typo/kustomization.yaml", "resources: []\nconfigMapGenerators: []\n"},
                   {"deep/kustomization.yaml", "images: [{name: a, tag: b}]\n"},
                   {"type/kustomization.yaml", "images: [{name: a, newTag: 1.27}]\n"},
                   {"list/kustomization.yaml", "resources: a.yaml\n"},
                   {"kind/kustomization.yaml", "kind: Kustomize\nresources: [a.yaml]\n"},
                   {"component/kustomization.yaml", "components: [../plain]\n"},
                   {"plain/kustomization.yaml", "namePrefix: p-\n"},
                   {"broken/kustomization.yaml", "resources: [a.yaml\n"}});
  const auto said = [&](const char *directory) {
    const auto error = refused(tree, directory);
    return error.message + " / " + error.hint;
  };
  CHECK_THAT(said("gone"), Catch::Contains("gone/kustomization.yaml") && Catch::Contains("../nothing"));
  CHECK_THAT(said("none"), Catch::Contains("kustomization.yaml"));
  CHECK_THAT(said("two"), Catch::Contains("kustomization.yaml") && Catch::Contains("Kustomization"));
  CHECK_THAT(said("typo"),
             Catch::Contains("configMapGenerators") && Catch::Contains("did you mean `configMapGenerator`"));
  CHECK_THAT(said("deep"), Catch::Contains("images[0].tag") && Catch::Contains("newTag"));
  CHECK_THAT(said("type"), Catch::Contains("images[0].newTag") && Catch::Contains("quotes"));
  CHECK_THAT(said("list"), Catch::Contains("resources") && Catch::Contains("list"));
  CHECK_THAT(said("kind"), Catch::Contains("Kustomize"));
  CHECK_THAT(said("component"), Catch::Contains("plain/kustomization.yaml") && Catch::Contains("Component"));
  CHECK_THAT(said("broken"), Catch::Contains("broken/kustomization.yaml:"));
}
