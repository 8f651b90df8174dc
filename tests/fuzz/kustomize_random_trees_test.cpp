// SPDX-License-Identifier: Apache-2.0
// Random kustomizations build to what kustomize builds of them: the same documents in the same order with the same
// values, or an error from both.
//
//   KSAIL_TEST_SOAK=1    10,000 trees with the usual fields and 10,000 with all fields instead of a sample
//   KSAIL_TEST_SEED=N    from that seed on
//   KSAIL_TEST_TREES=N   that many
//   KSAIL_TEST_WITHOUT=vars,crds   without these fields, to see which one a difference comes from
//   KSAIL_TEST_REFUSALS=1     prints why trees are refused, to see whether the generator makes enough that build
#include "comparison.hpp"
#include "random_kustomization.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <unistd.h>

using namespace ksail;
namespace fs = std::filesystem;

namespace {

std::uint64_t number_from(const char *variable, std::uint64_t otherwise) {
  const char *text = std::getenv(variable); // NOLINT(concurrency-mt-unsafe): one thread
  return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

std::set<std::string> fields_from(const char *variable) {
  std::set<std::string> fields;
  const char *text = std::getenv(variable); // NOLINT(concurrency-mt-unsafe): one thread
  std::stringstream list(text == nullptr ? "" : text);
  for (std::string field; std::getline(list, field, ',');)
    fields.insert(field);
  return fields;
}

void write(const fuzz::Tree &tree, const fs::path &to) {
  for (const auto &[name, text] : tree.files) {
    fs::create_directories((to / name).parent_path());
    std::ofstream(to / name, std::ios::binary) << text;
  }
}

struct Tally {
  std::size_t built = 0, refused = 0, different = 0;
};

Tally compare_seeds(manifests::test::Oracle &oracle, std::uint64_t first, std::uint64_t count) {
  const fs::path kept = fs::temp_directory_path() / ("ksail-random-trees-" + std::to_string(::getpid()));
  const auto without = fields_from("KSAIL_TEST_WITHOUT");
  const bool refusals = number_from("KSAIL_TEST_REFUSALS", 0) != 0;
  Tally tally;
  for (auto seed = first; seed < first + count; ++seed) {
    const auto tree = fuzz::random_kustomization(seed, without);
    const auto at = kept / std::to_string(seed);
    write(tree, at);
    const auto result = fuzz::compare(oracle, (at / tree.directory).string());
    if (result.verdict == fuzz::Comparison::Verdict::different) {
      ++tally.different;
      UNSCOPED_INFO("seed " << seed << ", kept in " << (at / tree.directory).string() << "\n" << result.why << "\n");
      continue;
    }
    if (refusals && result.verdict == fuzz::Comparison::Verdict::refused)
      std::cout << "seed " << seed << ": " << result.why << "\n";
    ++(result.verdict == fuzz::Comparison::Verdict::same ? tally.built : tally.refused);
    fs::remove_all(at);
  }
  std::error_code not_empty;
  fs::remove(kept, not_empty);
  std::cout << "seeds " << first << " to " << first + count - 1 << ": " << tally.built << " built alike, "
            << tally.refused << " refused by both, " << tally.different << " different\n";
  CHECK(tally.different == 0);
  return tally;
}

} // namespace

TEST_CASE("kustomize_random_trees") {
  auto *oracle = manifests::test::Oracle::get();
  if (oracle == nullptr) {
    WARN("skipped: no Go toolchain to build the reference with");
    return;
  }
  constexpr std::uint64_t kSample = 200;
  constexpr std::uint64_t kSoak = 10000;
  const auto seed = number_from("KSAIL_TEST_SEED", 0);
  const auto count = number_from("KSAIL_TEST_TREES", number_from("KSAIL_TEST_SOAK", 0) != 0 ? kSoak : kSample);
  if (seed != 0) {
    compare_seeds(*oracle, seed, count);
    return;
  }
  const auto usual = compare_seeds(*oracle, 1, count);
  CHECK(usual.built > count / 3);
  CHECK(usual.refused > 0);
  const auto rare = compare_seeds(*oracle, fuzz::kRareFields, count);
  CHECK(rare.built > count / 5);
  CHECK(rare.refused > 0);
}
