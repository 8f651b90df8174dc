// SPDX-License-Identifier: Apache-2.0
// The trees in kustomizations/: each is built, and gives what kustomize 5.8.1 printed for it (expected.yaml), or is
// refused as there, with a message or hint that holds the text in `refused`.
#include "manifests/kustomize/build.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

using namespace ksail;
using namespace ksail::manifests;
namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path &file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

} // namespace

TEST_CASE("kustomize: trees and what the reference made of them", "[kustomize][trees]") {
  std::set<fs::path> trees;
  for (const auto &entry : fs::directory_iterator(fs::path(KSAIL_SOURCE_DIR) / "tests/unit/manifests/kustomizations")) {
    trees.insert(entry.path());
  }
  REQUIRE(trees.size() > 50);
  for (const auto &tree : trees) {
    INFO(tree.filename().string());
    const auto top = fs::exists(tree / "over") ? tree / "over" : tree;
    const auto built = kustomize::build(top.string(), {});
    if (fs::exists(tree / "refused")) {
      auto part = text_of(tree / "refused");
      part.pop_back();
      CHECK_FALSE(built);
      if (!built) {
        CHECK_THAT(built.error().message + " / " + built.error().hint, Catch::Contains(part));
      }
      continue;
    }
    CHECK(fs::exists(tree / "expected.yaml"));
    CHECK(built);
    if (!built) {
      UNSCOPED_INFO(built.error().message);
      CHECK(built.error().message == "");
      continue;
    }
    const auto text = kustomize::to_yaml(*built);
    CHECK(text);
    CHECK((text ? *text : text.error().message) == text_of(tree / "expected.yaml"));
  }
}
