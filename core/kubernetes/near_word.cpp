// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/near_word.hpp"

#include <ksail/sdk/letter_case.hpp>

#include <algorithm>

namespace ksail::kubernetes {

namespace {

bool same(char a, char b) { return ascii_lower(a) == ascii_lower(b); }

} // namespace

bool near_word(std::string_view a, std::string_view b) {
  const std::size_t shorter = std::min(a.size(), b.size());
  const auto front = std::mismatch(a.begin(), a.end(), b.begin(), b.end(), same);
  a.remove_prefix(static_cast<std::size_t>(front.first - a.begin()));
  b.remove_prefix(static_cast<std::size_t>(front.second - b.begin()));
  const auto back = std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend(), same);
  const auto left_a = a.rend() - back.first, left_b = b.rend() - back.second;
  if (std::max(left_a, left_b) <= 1) return true;
  if (std::max(left_a, left_b) > 2 || shorter <= 3) return false;
  return left_a != left_b || (same(a[0], b[1]) && same(a[1], b[0]));
}

} // namespace ksail::kubernetes
