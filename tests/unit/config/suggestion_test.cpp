// SPDX-License-Identifier: Apache-2.0
#include "config/suggestion.hpp"

#include <catch2/catch.hpp>

using namespace ksail::config;

TEST_CASE("distance counts what a typist gets wrong") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("create", "create") == 0);
  CHECK(edit_distance("CREATE", "create") == 0);
  CHECK(edit_distance("crate", "create") == 1);
  CHECK(edit_distance("creeate", "create") == 1);
  CHECK(edit_distance("creaze", "create") == 1);
  CHECK(edit_distance("craete", "create") == 1); // neighbours swapped
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("ab", "ba") == edit_distance("ba", "ab"));
}

TEST_CASE("only what is near is suggested") {
  const std::vector<std::string> words = {"create", "delete", "list", "status"};
  CHECK(closest("crate", words) == "create");
  CHECK(closest("Delet", words) == "delete");
  CHECK(closest("statsu", words) == "status");
  CHECK(closest("lst", words) == "list");
  CHECK(closest("frobnicate", words).empty());
  CHECK(closest("", words).empty());
  CHECK(closest(std::string(65, 'c'), words).empty());
}

TEST_CASE("short words are not turned into anything") {
  CHECK(closest("ab", {"xy"}).empty());
  CHECK(closest("up", {"cp"}) == "cp");
  CHECK(closest("k9", {"k3s"}).empty());
}

TEST_CASE("the beginning of exactly one word is enough") {
  CHECK(closest("kube", {"kubeconfig", "logs"}) == "kubeconfig");
  CHECK(closest("kubernetes", {"kubernetes-version", "kubernetes-image"}).empty());
}

TEST_CASE("lists read as people write them") {
  CHECK(any_of({}).empty());
  CHECK(any_of({"a"}) == "a");
  CHECK(any_of({"a", "b"}) == "a or b");
  CHECK(any_of({"a", "b", "c"}) == "a, b or c");
}
