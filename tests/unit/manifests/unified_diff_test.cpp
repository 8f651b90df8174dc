// SPDX-License-Identifier: Apache-2.0
#include "manifests/unified_diff.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>
#include <vector>

using ksail::manifests::unified_diff;

namespace {

std::string diff(const std::string &before, const std::string &after) {
  return unified_diff(before, after, {"live/x", "merged/x"});
}

std::vector<std::string> lines(const std::string &text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

/// As `patch` does, strictly: every context line has to be where the hunk says.
std::string patched(const std::string &before, const std::string &diff) {
  const auto old_lines = lines(before);
  std::string out;
  std::size_t at = 0;
  for (const auto &line : lines(diff)) {
    if (line.starts_with("---") || line.starts_with("+++")) continue;
    if (line.starts_with("@@")) {
      std::size_t begin = std::stoul(line.substr(4));
      const auto comma = line.find(',');
      const bool empty = comma < line.find('+') && line[comma + 1] == '0';
      if (!empty) --begin;
      REQUIRE(begin >= at);
      for (; at < begin; ++at)
        out += old_lines[at] + "\n";
    } else if (line[0] == '+') {
      out += line.substr(1) + "\n";
    } else {
      REQUIRE(at < old_lines.size());
      CHECK(old_lines[at] == line.substr(1));
      if (line[0] == ' ') out += old_lines[at] + "\n";
      ++at;
    }
  }
  for (; at < old_lines.size(); ++at)
    out += old_lines[at] + "\n";
  return out;
}

} // namespace

TEST_CASE("equal texts have no difference, and a changed line comes with three lines around it") {
  CHECK(diff("a\nb\n", "a\nb\n").empty());
  CHECK(diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n") ==
        "--- live/x\n+++ merged/x\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST_CASE("what is new or gone as a whole names an empty range") {
  CHECK(diff("", "a\nb\n") == "--- live/x\n+++ merged/x\n@@ -0,0 +1,2 @@\n+a\n+b\n");
  CHECK(diff("a\n", "") == "--- live/x\n+++ merged/x\n@@ -1 +0,0 @@\n-a\n");
}

TEST_CASE("changes that are far apart are hunks of their own, near ones share one") {
  std::string before, far, near;
  for (int i = 0; i < 30; ++i) {
    before += std::to_string(i) + "\n";
    far += (i == 2 || i == 25 ? "x" : std::to_string(i)) + "\n";
    near += (i == 10 || i == 15 ? "x" : std::to_string(i)) + "\n";
  }
  const auto hunks = [](const std::string &text) {
    std::size_t count = 0;
    for (auto at = text.find("@@ -"); at != std::string::npos; at = text.find("@@ -", at + 1))
      ++count;
    return count;
  };
  CHECK(hunks(diff(before, far)) == 2);
  CHECK(hunks(diff(before, near)) == 1);
}

TEST_CASE("a difference applied to the first text gives the second") {
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    std::string a, b;
    for (std::size_t i = random() % 40; i > 0; --i)
      a += std::string(1, static_cast<char>('a' + random() % 5)) + "\n";
    for (const auto &line : lines(a)) {
      const auto fate = random() % 8;
      if (fate == 0) b += "new\n";
      if (fate != 1) b += line + "\n";
    }
    CHECK(patched(a, diff(a, b)) == b);
  }
  std::string long_a, long_b;
  for (int i = 0; i < 3000; ++i) {
    long_a += "a" + std::to_string(i) + "\n";
    long_b += "b" + std::to_string(i) + "\n";
  }
  CHECK(patched(long_a, diff(long_a, long_b)) == long_b);
}
