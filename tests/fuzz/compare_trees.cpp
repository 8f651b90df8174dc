// SPDX-License-Identifier: Apache-2.0
// Builds every kustomization below the directories given, here and with kustomize, and says where the two differ.
//
//   compare_trees [--anywhere] [DIR...]     --anywhere: without load restrictions; without DIR only the reference is made
//
// Prints one line per kustomization (same, refused, different) and where the two part; ends with 1 when any differs.
#include "comparison.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <vector>

namespace fs = std::filesystem;
using Verdict = ksail::fuzz::Comparison::Verdict;

int main(int argc, char **argv) {
  std::string verb = "build";
  std::vector<std::string> found;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--anywhere") {
      verb = "build-anywhere";
      continue;
    }
    if (!fs::is_directory(argv[i])) {
      std::cerr << "compare_trees: " << argv[i] << " is no directory\n";
      return 2;
    }
    for (const auto &entry : fs::recursive_directory_iterator(argv[i], fs::directory_options::skip_permission_denied)) {
      const auto name = entry.path().filename();
      if (name == "kustomization.yaml" || name == "kustomization.yml" || name == "Kustomization") {
        found.push_back(entry.path().parent_path().string());
      }
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  auto *oracle = ksail::manifests::test::Oracle::get();
  if (oracle == nullptr) {
    std::cerr << "compare_trees: no Go toolchain to build the reference with\n";
    return 2;
  }
  std::size_t same = 0;
  std::size_t bytes = 0;
  std::size_t refused = 0;
  for (const auto &directory : found) {
    const auto result = ksail::fuzz::compare(*oracle, directory, verb);
    const bool alike = result.verdict == Verdict::same;
    same += alike ? 1 : 0;
    bytes += result.same_bytes ? 1 : 0;
    refused += result.verdict == Verdict::refused ? 1 : 0;
    std::cout << (alike                                ? "same"
                  : result.verdict == Verdict::refused ? "refused"
                                                       : "different")
              << " " << directory << "\n";
    if (!result.why.empty()) std::cout << result.why << "\n";
  }
  std::cout << found.size() << " kustomizations: " << same << " the same (" << bytes << " byte for byte), " << refused
            << " refused by both, " << found.size() - same - refused << " different\n";
  return same + refused == found.size() ? 0 : 1;
}
