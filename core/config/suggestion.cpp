// SPDX-License-Identifier: Apache-2.0
#include "config/suggestion.hpp"

#include <ksail/sdk/letter_case.hpp>

#include <algorithm>

namespace ksail::config {

unsigned edit_distance(std::string_view a, std::string_view b) {
  // Three rows are enough: a swap looks back by two.
  std::vector<unsigned> before(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    previous[j] = static_cast<unsigned>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = static_cast<unsigned>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = ascii_lower(a[i - 1]) == ascii_lower(b[j - 1]);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (same ? 0u : 1u)});
      const bool swapped = i > 1 && j > 1 && ascii_lower(a[i - 1]) == ascii_lower(b[j - 2]) &&
                           ascii_lower(a[i - 2]) == ascii_lower(b[j - 1]);
      if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
    }
    std::swap(before, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

std::string closest(std::string_view word, const std::vector<std::string> &candidates) {
  if (word.empty() || word.size() > 64) return {};
  const unsigned limit = word.size() <= 3 ? 1 : 2;
  std::string best;
  unsigned best_distance = limit + 1;
  for (const auto &candidate : candidates) {
    const unsigned distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  if (!best.empty()) return best;
  for (const auto &candidate : candidates) {
    if (candidate.size() <= word.size() ||
        !equal_ignoring_case(std::string_view(candidate).substr(0, word.size()), word))
      continue;
    if (!best.empty()) return {};
    best = candidate;
  }
  return best;
}

std::string any_of(const std::vector<std::string> &words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return text;
}

} // namespace ksail::config
