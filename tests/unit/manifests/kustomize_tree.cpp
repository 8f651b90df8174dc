// SPDX-License-Identifier: Apache-2.0
#include "kustomize_tree.hpp"

#include "manifests/kustomize/build.hpp"
#include "oracle.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <unistd.h>

namespace ksail::manifests::test {

Tree::Tree(const std::map<std::string, std::string> &files) {
  static int number = 0;
  path_ = std::filesystem::temp_directory_path() /
          ("ksail-kustomize-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
  for (const auto &[name, text] : files) {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
}

Tree::~Tree() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string built(const std::string &directory) {
  auto result = kustomize::build(directory, {});
  if (!result) {
    return "error: " + result.error().message;
  }
  auto text = kustomize::to_yaml(*result);
  return text ? *text : "error: " + text.error().message;
}

std::string as_reference(const Tree &tree, const std::string &directory) {
  const auto ours = built(tree.at(directory));
  if (auto *oracle = Oracle::get()) {
    const auto theirs = oracle->ask("build", tree.at(directory));
    if (theirs.ok) {
      CHECK(ours == theirs.text);
    } else {
      INFO(theirs.text);
      CHECK(ours.starts_with("error: "));
    }
  }
  return ours;
}

} // namespace ksail::manifests::test
