// SPDX-License-Identifier: Apache-2.0
// Random documents, read by this reader's two ways and by the library that kubectl reads with.
#include "manifests/json.hpp"
#include "oracle.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <random>

using namespace ksail::manifests;

namespace {

/// Writes YAML the way people do, with all the traps they fall into.
class Generator {
public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::string document() {
    out_.clear();
    if (chance(4)) {
      out_ += "---\n";
    }
    map(0, 0);
    return out_;
  }

private:
  unsigned below(unsigned n) { return std::uniform_int_distribution<unsigned>(0, n - 1)(random_); }
  bool chance(unsigned one_in) { return below(one_in) == 0; }
  template <std::size_t N> std::string pick(const char *const (&list)[N]) { return list[below(N)]; }

  std::string scalar() {
    static constexpr const char *kScalars[] = {"a",
                                               "yes",
                                               "No",
                                               "on",
                                               "OFF",
                                               "y",
                                               "true",
                                               "False",
                                               "null",
                                               "~",
                                               "",
                                               "1",
                                               "0",
                                               "-1",
                                               "+5",
                                               "010",
                                               "08",
                                               "0o17",
                                               "0x1F",
                                               "0b11",
                                               "1_000",
                                               "1.5",
                                               ".5",
                                               "1.",
                                               "-.5e3",
                                               "1e3",
                                               "1E400",
                                               "1e-7",
                                               "1e21",
                                               "123456789012",
                                               "9007199254740993",
                                               "18446744073709551615",
                                               "18446744073709551616",
                                               "-9223372036854775808",
                                               "2001-01-01",
                                               "2001-1-1T1:2:3Z",
                                               "1:30",
                                               "a b",
                                               "a  b",
                                               "a#b",
                                               "a #b",
                                               "a: b",
                                               "a:b",
                                               ":a",
                                               "-a",
                                               "- a",
                                               "--x",
                                               "?a",
                                               "'single'",
                                               "\"double\"",
                                               "'it''s'",
                                               "\"a\\nb\"",
                                               "\"tab\\t\"",
                                               "[]",
                                               "{}",
                                               "[a, b]",
                                               "[1, 'x', \"y\"]",
                                               "{a: b}",
                                               "{a: [b, {c: d}], e: 1}",
                                               "[a, ]",
                                               "[-c, --d]",
                                               "http://x/y?z=1",
                                               "x:y:z",
                                               "*.example.com",
                                               "@at",
                                               "`tick",
                                               "%pct",
                                               "&anchor a",
                                               "!!str 1",
                                               "!!int 3",
                                               "!custom x",
                                               "<<",
                                               "=",
                                               "é",
                                               "日本 語",
                                               "😀",
                                               "a'b",
                                               "a\"b",
                                               "'a' # comment",
                                               "x # comment",
                                               "x#",
                                               "\"\"",
                                               "''",
                                               "| ",
                                               ">",
                                               "1.0",
                                               "1.10",
                                               "0.1",
                                               "100m",
                                               "1Gi",
                                               "-",
                                               "--",
                                               "---",
                                               "...",
                                               "... x",
                                               "a,b",
                                               "[a,b]",
                                               "{a,b}",
                                               "a]",
                                               "a}",
                                               "\\",
                                               "a\\b",
                                               "'a\\b'",
                                               "0x",
                                               "0_1",
                                               "_1",
                                               "1__0",
                                               "+.inf",
                                               ".nan",
                                               "-0",
                                               "-0.0",
                                               "0777",
                                               "0888",
                                               "1e+2",
                                               "12e03",
                                               "+1.5",
                                               "1.5.6",
                                               "\"a\" b",
                                               "'a'b",
                                               "a\tb",
                                               "\ta"};
    return pick(kScalars);
  }
  std::string key() {
    static constexpr const char *kKeys[] = {"a",       "b",     "name",    "app.kubernetes.io/x",
                                            "x-y",     "\"q\"", "'q'",     "1",
                                            "yes",     "1.5",   "$ref",    "a b",
                                            "é",       "? a",   "<<",      "null",
                                            "foo_bar", "..",    "c",       "d",
                                            "e",       "f",     "\"a b\"", "'x: y'",
                                            "[a]",     "g",     "h",       "0x10",
                                            "a(b)c",   "(x)",   "x=1",     "@x",
                                            "-z",      "~",     "---a"};
    return pick(kKeys);
  }
  void noise() {
    if (chance(14)) {
      out_ += pick_noise();
    }
  }
  std::string pick_noise() {
    static constexpr const char *kNoise[] = {"\n", "# comment\n", "   # indented\n", "  \n", "\t\n", "\n\n"};
    return pick(kNoise);
  }
  std::string space(unsigned n) { return std::string(n, ' '); }

  void block_scalar(unsigned indent) {
    static constexpr const char *kHeads[] = {"|", "|-", "|+", ">", "|2", "| # c", ">-", "|x"};
    static constexpr const char *kLines[] = {"text", "",    "  more", "# not a comment", "a: b", "-x", "tab\there",
                                             " ",    "   ", "é",      "trailing  "};
    out_ += pick(kHeads) + "\n";
    const unsigned by = below(4);
    for (unsigned i = below(5); i-- > 0;) {
      const auto line = pick(kLines);
      out_ += line.empty() ? "\n" : space(indent + by) + line + "\n";
    }
    if (chance(5)) {
      out_ += "\n\n";
    }
  }

  void value(unsigned indent, unsigned depth, bool in_list) {
    const unsigned kind = depth > 3 ? 0 : below(8);
    if (kind < 4) {
      out_ += " " + scalar() + (chance(12) ? "  " : "") + (chance(12) ? " # c" : "") + "\n";
      if (chance(40)) {
        out_ += space(indent + 2) + "continued\n";
      }
      return;
    }
    if (kind == 4) {
      out_ += " ";
      block_scalar(indent);
      return;
    }
    if (kind == 5) {
      out_ += chance(6) ? " # c\n" : "\n";
      list(in_list || chance(2) ? indent + 2 : indent, depth + 1);
      return;
    }
    out_ += "\n";
    noise();
    map(indent + 1 + below(3), depth + 1);
  }

  void map(unsigned indent, unsigned depth) {
    for (unsigned n = 1 + below(4); n-- > 0;) {
      noise();
      out_ += space(chance(60) ? indent + 1 : indent) + key() + (chance(50) ? " :" : ":");
      value(indent, depth, false);
    }
  }

  void list(unsigned indent, unsigned depth) {
    for (unsigned n = 1 + below(3); n-- > 0;) {
      noise();
      out_ += space(indent) + "-";
      if (chance(3)) {
        const unsigned by = 1 + below(2);
        out_ += space(by) + key() + ":";
        value(indent + by + 1, depth, false);
        if (chance(2)) {
          out_ += space(indent + by + 1) + key() + ":";
          value(indent + by + 1, depth, false);
        }
      } else {
        value(indent, depth, true);
      }
    }
  }

  std::mt19937 random_;
  std::string out_;
};

struct Read {
  bool ok = false;
  std::string json;
  std::string error;
};

Read by_libyaml(std::string_view text) {
  Arena arena;
  YamlParser parser(text);
  Node *root = nullptr;
  if (const auto error = parser.next(arena, root)) {
    return {false, {}, error->message};
  }
  if (root == nullptr) {
    return {true, "null", {}};
  }
  Read read;
  const auto error = write_json(*root, Rules::kubectl, read.json);
  read.ok = !error;
  if (error) {
    read.error = error->message;
  }
  return read;
}

} // namespace

TEST_CASE("the fast way reads what libyaml reads, place by place") {
  std::size_t taken = 0;
  for (unsigned seed = 0; seed < 30000; ++seed) {
    const auto text = Generator(seed).document();
    Arena arena;
    const Node *fast = parse_block_document(text, arena);
    if (fast == nullptr) {
      continue;
    }
    ++taken;
    INFO("seed " << seed << "\n" << text);
    Arena other;
    YamlParser parser(text);
    Node *slow = nullptr;
    const auto error = parser.next(other, slow);
    REQUIRE_FALSE(error);
    REQUIRE(slow != nullptr);
    const std::function<bool(const Node &, const Node &)> same = [&](const Node &a, const Node &b) {
      if (a.kind != b.kind || a.line != b.line || a.tag != b.tag || a.size != b.size || a.style != b.style ||
          a.text() != b.text()) {
        UNSCOPED_INFO("line " << a.line << " and " << b.line << ": '" << a.text() << "' and '" << b.text() << "'");
        return false;
      }
      for (std::size_t i = 0; i < a.children().size(); ++i) {
        if (!same(*a.children()[i], *b.children()[i])) {
          return false;
        }
      }
      return true;
    };
    REQUIRE(same(*fast, *slow));
  }
  CHECK(taken > 3000);
}

TEST_CASE("values are those of the library that kubectl reads with") {
  auto *oracle = test::Oracle::get();
  if (oracle == nullptr) {
    WARN("skipped: no Go toolchain to build the reference with");
    return;
  }
  std::size_t both = 0;
  for (unsigned seed = 0; seed < 4000; ++seed) {
    const auto text = Generator(seed + 1000000).document();
    const auto ours = by_libyaml(text);
    const auto theirs = oracle->ask("json", text);
    INFO("seed " << seed << "\n" << text << "\nours: " << ours.json << ours.error << "\ntheirs: " << theirs.text);
    if (!ours.ok && ours.error.find("is there already") != std::string::npos) {
      continue; // stricter on purpose
    }
    REQUIRE(ours.ok == theirs.ok);
    if (ours.ok) {
      ++both;
      REQUIRE(nlohmann::json::parse(ours.json) == nlohmann::json::parse(theirs.text));
    }
  }
  CHECK(both > 500);
}
