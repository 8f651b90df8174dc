// SPDX-License-Identifier: Apache-2.0
// Written YAML, held against what kubectl and kustomize write.
#include "manifests/json.hpp"
#include "manifests/key_order.hpp"
#include "manifests/yaml_writer.hpp"
#include "oracle.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>

using namespace ksail::manifests;

namespace {

std::string written(std::string_view yaml, Rules rules = Rules::kustomize) {
  Arena arena;
  YamlParser parser(yaml);
  Node *root = nullptr;
  const auto wrong = parser.next(arena, root);
  REQUIRE_FALSE(wrong);
  std::string out;
  const auto error = write_yaml(*root, rules, out);
  return error ? "error: " + error->message : out;
}

std::string written_json(const std::string &json) {
  Arena arena;
  std::size_t used = 0;
  const Node *root = parse_json(json, arena, used);
  REQUIRE(root != nullptr);
  std::string out;
  const auto error = write_yaml(*root, Rules::kubectl, out);
  return error ? "error: " + error->message : out;
}

std::size_t scalars_in(const nlohmann::json &value) {
  if (!value.is_structured()) {
    return 1;
  }
  std::size_t count = 0;
  for (const auto &item : value) {
    count += scalars_in(item);
  }
  return count;
}

/// JSON documents full of texts that need one quoting or another.
class Generator {
public:
  explicit Generator(unsigned seed) : random_(seed) {}
  std::string document() { return value(0).dump(); }

private:
  unsigned below(unsigned n) { return std::uniform_int_distribution<unsigned>(0, n - 1)(random_); }

  std::string text() {
    static constexpr const char *kWhole[] = {"",
                                             "a",
                                             "true",
                                             "yes",
                                             "y",
                                             "N",
                                             "null",
                                             "~",
                                             "1",
                                             "0x1F",
                                             "1e3",
                                             "1:30",
                                             "1:2:3.5",
                                             "-",
                                             "- a",
                                             "a: b",
                                             "a #b",
                                             "2001-01-01",
                                             "<<",
                                             "=",
                                             "&x",
                                             "*x",
                                             "!x",
                                             "|",
                                             ">",
                                             "%x",
                                             "@x",
                                             "`x",
                                             "---",
                                             "--- a",
                                             "...",
                                             " x",
                                             "x ",
                                             ".5",
                                             ".inf",
                                             "+1",
                                             "010",
                                             "1_000",
                                             "0b11",
                                             "?",
                                             "? a",
                                             "?a",
                                             ":",
                                             ":a",
                                             "a:",
                                             "[]",
                                             "{}",
                                             "[a",
                                             "a]",
                                             "a,b",
                                             "'a'",
                                             "\"a\"",
                                             "it's",
                                             "back\\s",
                                             "a\tb",
                                             "a\nb",
                                             "a\nb\n",
                                             "\na",
                                             "a\n\n",
                                             " a\nb",
                                             "a \nb",
                                             "a\n b",
                                             "\n",
                                             "\n\n",
                                             "😀",
                                             "é",
                                             "日本",
                                             "\xC2\xA0",
                                             "a\rb",
                                             "\x01",
                                             "off",
                                             "On",
                                             "1.0",
                                             "1.5.6",
                                             "0.0.0",
                                             "08",
                                             "1__0",
                                             "12e03",
                                             "\xEF\xBB\xBF"
                                             "bom",
                                             "a\xE2\x80\xA8"
                                             "b",
                                             "#a",
                                             "a#",
                                             "//x",
                                             "0o17",
                                             "1e400",
                                             "9223372036854775808"};
    static constexpr const char *kParts[] = {
        "word ", "another", " ",  "  ", "long-long-long-long", "é ",        "'", "\"", "\n", ": ", " #", "😀", "1",
        "-",     "\t",      ", ", "x",  "lorem ipsum dolor ",  "{{ .x }} ", "\\"};
    if (below(2) == 0) {
      return kWhole[below(std::size(kWhole))];
    }
    std::string out;
    for (unsigned n = 1 + below(20); n-- > 0;) {
      out += kParts[below(std::size(kParts))];
    }
    return out;
  }

  nlohmann::json value(unsigned depth) {
    const unsigned kind = depth == 0 ? 0 : below(depth > 4 ? 4 : 8);
    if (depth == 0 || kind >= 6) {
      auto out = nlohmann::json::object();
      for (unsigned n = below(6); n-- > 0;) {
        out[below(3) == 0 ? text() : std::string(1, static_cast<char>('a' + below(26))) + text()] = value(depth + 1);
      }
      return out;
    }
    if (kind >= 4) {
      auto out = nlohmann::json::array();
      for (unsigned n = below(4); n-- > 0;) {
        out.push_back(value(depth + 1));
      }
      return out;
    }
    switch (below(9)) {
    case 0:
      return nullptr;
    case 1:
      return below(2) == 0;
    case 2:
      return static_cast<std::int64_t>(random_()) - 2000000000;
    case 3:
      return std::ldexp(static_cast<double>(random_()) - 2e9, static_cast<int>(below(160)) - 80);
    default:
      return text();
    }
  }

  std::mt19937 random_;
};

} // namespace

TEST_CASE("strings that other types could be taken for are quoted") {
  CHECK(written("{a: 'yes', b: \"1\", c: '', d: plain, e: '2001-01-01', f: '1:30'}") ==
        "a: \"yes\"\nb: \"1\"\nc: \"\"\nd: plain\ne: \"2001-01-01\"\nf: \"1:30\"\n");
  CHECK(written("{'y': 1, '2': 2, on: 3}") == "\"2\": 2\n\"on\": 3\n\"y\": 1\n");
}

TEST_CASE("values keep what the reader makes of them") {
  CHECK(written("{a: 010, b: 0x10, c: 1_000, d: 1.0, e: 1e30, f: 9007199254740993, g: 18446744073709551615}") ==
        "a: 8\nb: 16\nc: 1000\nd: 1\ne: 1e+30\nf: 9007199254740993\ng: 18446744073709551615\n");
  CHECK(written("a: yes") == "a: \"yes\"\n");
  CHECK(written("a: yes", Rules::kubectl) == "a: true\n");
  CHECK(written("a: 2001-01-01") == "a: \"2001-01-01T00:00:00Z\"\n");
  CHECK(written("a: !!binary aGk=") == "a: hi\n");
  CHECK(written("{a: ~, b: , c: null}") == "a: null\nb: \"\"\nc: null\n");
  CHECK(written("{a: ~, b: , c: null}", Rules::kubectl) == "a: null\nb: null\nc: null\n");
  CHECK(written("a: ~\nb:\nc: null") == "a: null\nb: null\nc: null\n");
}

TEST_CASE("lists stand below their key, lines are folded") {
  CHECK(written("a: [1, {b: 2, c: [3]}, [4, [5]], [], {}]") ==
        "a:\n- 1\n- b: 2\n  c:\n  - 3\n- - 4\n  - - 5\n- []\n- {}\n");
  const std::string words = "word word word word word word word word word word word word word word word word word";
  CHECK(written("a: " + words + " end") == "a: " + words.substr(0, 79) + "\n  " + words.substr(80) + " end\n");
  CHECK(written("a: \"x\\ny\\n\"") == "a: |\n  x\n  y\n");
  CHECK(written("a: \"x \\ny\"") == "a: \"x \\ny\"\n");
}

TEST_CASE("aliases and merges are resolved, wrong keys refused") {
  CHECK(written("{a: &x {b: 1}, c: *x, d: {<<: *x, e: 2}}") == "a:\n  b: 1\nc:\n  b: 1\nd:\n  b: 1\n  e: 2\n");
  CHECK(written("{1: a}") == "\"1\": a\n");
  CHECK(written("{a: 1, a: 2}").starts_with("error: "));
  CHECK(written("{[a]: 1}").starts_with("error: "));
  CHECK(written("a: .inf").starts_with("error: "));
}

TEST_CASE("keys stand in natural order") {
  CHECK(key_less("item2", "item10"));
  CHECK(key_less("a-b", "ab"));
  CHECK(key_less("Z", "a"));
  CHECK(key_less("a", "ab"));
  CHECK(key_less("item01", "item1") != key_less("item1", "item01"));
  CHECK(written("{item10: 1, item2: 2, Item: 3, item-1: 4, item: 5}") ==
        "Item: 3\nitem: 5\nitem-1: 4\nitem2: 2\nitem10: 1\n");
}

TEST_CASE("many keys are in order soon, whatever order they come in") {
  constexpr std::size_t kKeys = 200'000;
  std::string json = "{";
  for (std::size_t i = 0; i < kKeys; ++i) {
    json += (i > 0 ? ",\"k" : "\"k") + std::to_string((i * 7919) % kKeys) + "\":1";
  }
  const auto start = std::chrono::steady_clock::now();
  const auto text = written_json(json + "}");
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20)); // insertion alone takes minutes
  CHECK(text.starts_with("k0: 1\nk1: 1\nk2: 1\n"));
  CHECK(text.ends_with("k199998: 1\nk199999: 1\n"));
}

TEST_CASE("random documents are written as kubectl and kustomize write them") {
  auto *oracle = test::Oracle::get();
  if (oracle == nullptr) {
    WARN("skipped: no Go toolchain to build the reference with");
    return;
  }
  std::size_t compared = 0;
  std::size_t scalars = 0;
  const bool soak = std::getenv("KSAIL_TEST_SOAK") != nullptr; // NOLINT(concurrency-mt-unsafe): one thread
  constexpr std::size_t kSoak = 100'000;                       ///< scalars
  for (unsigned seed = 0; seed < 4000 || (soak && scalars < kSoak); ++seed) {
    // As everything there passes through encoding/json first, numbers included.
    const auto encoded = oracle->ask("json", Generator(seed).document());
    if (!encoded.ok) {
      continue;
    }
    const std::string &json = encoded.text;
    const auto theirs = oracle->ask("yaml", json);
    if (!theirs.ok) {
      continue;
    }
    ++compared;
    scalars += scalars_in(nlohmann::json::parse(json));
    const auto ours = written_json(json);
    if (ours == theirs.text) {
      continue;
    }
    // Keys whose natural order contradicts itself come out differently from run to run there.
    const auto again = oracle->ask("json", ours);
    INFO("seed " << seed << "\n" << json << "\nours:\n" << ours << "\ntheirs:\n" << theirs.text);
    if (!again.ok && !oracle->ask("json", theirs.text).ok) {
      continue; // nobody can read what it wrote
    }
    REQUIRE(again.ok);
    REQUIRE(nlohmann::json::parse(again.text) == nlohmann::json::parse(oracle->ask("json", theirs.text).text));
    REQUIRE(ours.size() == theirs.text.size());
  }
  CHECK(compared > 3000);
  if (soak) {
    std::cout << scalars << " scalars of " << compared << " documents are written as there\n";
  }
}
