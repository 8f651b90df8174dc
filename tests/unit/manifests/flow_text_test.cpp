// SPDX-License-Identifier: Apache-2.0
// Texts without quotes between brackets: where libyaml and the readers of kubectl and kustomize do not agree.
#include "manifests/flow_colon.hpp"
#include "manifests/json.hpp"
#include "oracle.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace ksail::manifests;

namespace {

/// As JSON, or "error: " and why not.
std::string json_of(std::string_view text, Rules rules = Rules::kubectl) {
  Arena arena;
  YamlParser parser(text);
  Node *root = nullptr;
  auto error = parser.next(arena, root);
  std::string json;
  if (!error && root != nullptr) {
    error = write_json(*root, rules, json);
  }
  return error ? "error: " + error->message : json;
}

} // namespace

TEST_CASE("a colon that ends a text between brackets belongs to it") {
  CHECK(json_of("k: [a:, z]") == R"({"k":["a:","z"]})");
  CHECK(json_of("k: {a:}") == R"({"k":{"a:":null}})");
  CHECK(json_of("k: {a:, b: c:}") == R"({"k":{"a:":null,"b":"c:"}})");
  CHECK(json_of("k: [é:, \"x:\", 'y:', {b c:: d:}]") == R"({"k":["é:","x:","y:",{"b c:":"d:"}]})");
  CHECK(json_of("k: [a: b, c]") == R"({"k":[{"a":"b"},"c"]})");
  CHECK(json_of("{\"a\":1}") == R"({"a":1})");
  // The stand-in of the colon is a character that the text does not have.
  CHECK(json_of("k: [\xEE\x80\x80:, \"\\uE001:\", \xEE\x80\x81]") ==
        "{\"k\":[\"\xEE\x80\x80:\",\"\xEE\x80\x81:\",\"\xEE\x80\x81\"]}");
  // Lines and columns are those of the text as it was given.
  Arena arena;
  YamlParser parser("a: 1\n---\nb: [c:, d:]\ne: [\"f\": g:, h ]\n");
  Node *root = nullptr;
  REQUIRE_FALSE(parser.next(arena, root));
  CHECK(root->find_text("a") == "1");
  REQUIRE_FALSE(parser.next(arena, root));
  REQUIRE(root != nullptr);
  const Node &list = *root->find("e");
  CHECK(list.children()[1]->text() == "h");
  CHECK(list.children()[1]->line == 4);
  CHECK(list.children()[1]->column == 14);
  REQUIRE_FALSE(parser.next(arena, root));
  CHECK(root == nullptr);
}

TEST_CASE("what is left out between brackets is null for kubectl and an empty text for kustomize") {
  const std::string_view text = "a: {b: , c, d: null, e: ~, f: ''}\ng: [h: , {i: [{j: }]}]\nk:\nl: {m: !!null }\n";
  CHECK(
      json_of(text) ==
      R"({"a":{"b":null,"c":null,"d":null,"e":null,"f":""},"g":[{"h":null},{"i":[{"j":null}]}],"k":null,"l":{"m":null}})");
  CHECK(json_of(text, Rules::kustomize) ==
        R"({"a":{"b":"","c":"","d":null,"e":null,"f":""},"g":[{"h":""},{"i":[{"j":""}]}],"k":null,"l":{"m":null}})");
}

TEST_CASE("errors behind such a colon are told as they are") {
  CHECK(json_of("k: [a:, b") == "error: did not find expected ',' or ']' while parsing a flow sequence");
  CHECK(json_of("k: [a:, \"b]") == "error: found unexpected end of stream while scanning a quoted scalar");
}

TEST_CASE("a question mark in a text between brackets is refused as kubectl and kustomize refuse it") {
  for (const char *text : {"k: [http://x/?a=b]", "k: {a?: b}", "k: {a: b?}", "k: [[a, b ?c]]"}) {
    INFO(text);
    CHECK(json_of(text).find("quotes") != std::string::npos);
  }
  CHECK(json_of("k: http://x/?a=b") == R"({"k":"http://x/?a=b"})");
  CHECK(json_of("k: ['http://x/?a=b', {? a : b}]") == R"({"k":["http://x/?a=b",{"a":"b"}]})");
}

TEST_CASE("as many colons as can be found in reasonable time are replaced") {
  std::string text = "k: [";
  for (int i = 0; i < 500; ++i) {
    text += "a:, ";
  }
  const auto replaced = replace_refused_colons(text + "]");
  REQUIRE(replaced);
  CHECK(replaced->text.find(':', 2) == std::string::npos);
  CHECK_FALSE(replace_refused_colons("k: [a, b: c]"));
  CHECK_FALSE(replace_refused_colons("k: ["));
}

TEST_CASE("every short text between brackets is what it is for kubectl") {
  auto *oracle = test::Oracle::get();
  if (oracle == nullptr) {
    WARN("skipped: no Go toolchain to build the reference with");
    return;
  }
  constexpr std::string_view kAlphabet = "[]{},:?a \"";
  constexpr std::size_t kLength = 4;
  std::size_t total = 1;
  for (std::size_t i = 0; i < kLength; ++i) {
    total *= kAlphabet.size();
  }
  std::size_t read = 0;
  for (std::size_t number = 0; number < total; ++number) {
    std::string inner;
    for (std::size_t rest = number, i = 0; i < kLength; ++i, rest /= kAlphabet.size()) {
      inner += kAlphabet[rest % kAlphabet.size()];
    }
    const std::string text = number % 2 == 0 ? "k: [" + inner + "]\n" : "k: {" + inner + "}\n";
    const auto ours = json_of(text);
    const auto theirs = oracle->ask("json", text);
    if (ours.find("is there already") != std::string::npos) {
      continue; // stricter on purpose
    }
    INFO(text << "\nours: " << ours << "\ntheirs: " << theirs.text);
    REQUIRE(ours.starts_with("error: ") != theirs.ok);
    if (theirs.ok) {
      ++read;
      REQUIRE(nlohmann::json::parse(ours) == nlohmann::json::parse(theirs.text));
    }
  }
  CHECK(read > 300);
}
