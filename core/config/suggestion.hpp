// SPDX-License-Identifier: Apache-2.0
// "Did you mean …": the closest of the words that would have been understood.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ksail::config {

/// Insertions, deletions, replacements and swaps of neighbours that turn one into the other, ignoring ASCII case.
unsigned edit_distance(std::string_view a, std::string_view b);

/// The candidate at a distance of at most 2 (1 for words of up to three letters), or the only one that `word` begins;
/// empty when nothing is near.
std::string closest(std::string_view word, const std::vector<std::string> &candidates);

/// "a", "a or b", "a, b or c"
std::string any_of(const std::vector<std::string> &words);

} // namespace ksail::config
