// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/near_word.hpp"

#include <algorithm>

namespace ksail::kubernetes {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool same(char a, char b) { return lower(a) == lower(b); }

} // namespace

bool near_word(std::string_view a, std::string_view b) {
  const std::size_t shorter = std::min(a.size(), b.size());
  const auto front = std::mismatch(a.begin(), a.end(), b.begin(), b.end(), same);
  a.remove_prefix(static_cast<std::size_t>(front.first - a.begin()));
  b.remove_prefix(static_cast<std::size_t>(front.second - b.begin()));
  const auto back = std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend(), same);
  const auto left = std::max(a.rend() - back.first, b.rend() - back.second);
  return left <= (shorter <= 3 ? 1 : 2);
}

} // namespace ksail::kubernetes
