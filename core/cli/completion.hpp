// SPDX-License-Identifier: Apache-2.0
// Completion: scripts that shells load, and the words that `ksail __complete` offers them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ksail::cli {

/// For bash, zsh or fish; from packaging/completions.
std::string_view completion_script(std::string_view shell);

struct Candidate {
  std::string word;
  std::string help;
};
struct Completion {
  std::vector<Candidate> candidates;
  bool files = false;       ///< the shell shall offer files
  bool directories = false; ///< … directories only
};

/// What a completion may name that is not in the command table.
struct CompletionWorld {
  std::vector<std::string> distributions, providers, clusters, plugins;
};

/// `words` after the program's name; the last one is being typed and may be empty. Pure.
Completion complete(const std::vector<std::string> &words, const CompletionWorld &world);

/// What `ksail __complete` prints: a line per candidate, "word<TAB>help", then ":files", ":directories" or ":".
std::string completion_answer(const std::vector<std::string> &words);

} // namespace ksail::cli
