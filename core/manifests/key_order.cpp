// SPDX-License-Identifier: Apache-2.0
#include "manifests/key_order.hpp"

#include "manifests/scalar.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace ksail::manifests {
namespace {

/// The code point that begins at `at`; texts are valid UTF-8.
char32_t code_point(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> char32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) & 0x3FU : 0U;
  };
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) {
    return first;
  }
  if (first < 0xE0) {
    return (first & 0x1FU) << 6U | byte(at + 1);
  }
  if (first < 0xF0) {
    return (first & 0x0FU) << 12U | byte(at + 1) << 6U | byte(at + 2);
  }
  return (first & 0x07U) << 18U | byte(at + 1) << 12U | byte(at + 2) << 6U | byte(at + 3);
}

/// Exact for ASCII and Latin; beyond, the blocks of punctuation, symbols and pictures are no letters.
bool is_letter(char32_t c) {
  if (c < 0x80) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }
  if (c < 0xC0) {
    return c == 0xAA || c == 0xB5 || c == 0xBA;
  }
  return c != 0xD7 && c != 0xF7 && !(c >= 0x2000 && c < 0x2C00) && !(c >= 0x3000 && c < 0x3005) &&
         !(c >= 0xFE00 && c < 0xFE70) && c != 0xFEFF && !(c >= 0xFF00 && c < 0xFF21) && c < 0x1F000;
}

/// The number that begins at `at`, and how many digits it has. `after_digits` stands for a leading digit other than 0.
std::pair<std::int64_t, std::size_t> number_at(std::string_view text, std::size_t at, bool after_digits) {
  std::uint64_t value = after_digits ? 1 : 0;
  std::size_t end = at;
  for (; end < text.size() && is_digit(text[end]); ++end) {
    value = value * 10 + static_cast<std::uint64_t>(text[end] - '0');
  }
  return {static_cast<std::int64_t>(value), end};
}

/// Stable, and within bounds also where the order contradicts itself.
template <class Less> void merge_sort(std::span<KeyAndValue> pairs, Less less) {
  std::vector<KeyAndValue> from(pairs.begin(), pairs.end()), to(pairs.size());
  for (std::size_t width = 1; width < from.size(); width *= 2) {
    for (std::size_t i = 0; i < from.size(); i += 2 * width) {
      const auto at = [&](std::size_t n) {
        return from.begin() + static_cast<std::ptrdiff_t>(std::min(n, from.size()));
      };
      std::merge(at(i), at(i + width), at(i + width), at(i + 2 * width), to.begin() + (at(i) - from.begin()), less);
    }
    from.swap(to);
  }
  std::copy(from.begin(), from.end(), pairs.begin());
}

} // namespace

bool key_less(std::string_view a, std::string_view b) {
  const std::size_t both = std::min(a.size(), b.size());
  std::size_t i = 0;
  while (i < both && a[i] == b[i]) {
    ++i;
  }
  while (i > 0 && i < both && (static_cast<unsigned char>(a[i]) & 0xC0U) == 0x80) {
    --i; // into the middle of a character
  }
  if (i >= both) {
    return a.size() < b.size();
  }
  const char32_t ca = code_point(a, i);
  const char32_t cb = code_point(b, i);
  const bool la = is_letter(ca);
  const bool lb = is_letter(cb);
  if (la && lb) {
    return ca < cb;
  }
  if (la || lb) {
    return lb;
  }
  bool after_digits = false;
  if (ca == '0' || cb == '0') {
    for (std::size_t j = i; j-- > 0 && is_digit(a[j]);) {
      if (a[j] != '0') {
        after_digits = true;
        break;
      }
    }
  }
  const auto [an, aend] = number_at(a, i, after_digits);
  const auto [bn, bend] = number_at(b, i, after_digits);
  if (an != bn) {
    return an < bn;
  }
  if (aend != bend) {
    return aend < bend;
  }
  return ca < cb;
}

void sort_keys(std::span<KeyAndValue> pairs) {
  const auto natural = [](const KeyAndValue &x, const KeyAndValue &y) {
    return key_less(x.key->text(), y.key->text());
  };
  if (std::is_sorted(pairs.begin(), pairs.end(), natural)) {
    return;
  }
  // By bytes first: where the natural order contradicts itself, the result at least does not depend on the input.
  std::sort(pairs.begin(), pairs.end(),
            [](const KeyAndValue &x, const KeyAndValue &y) { return x.key->text() < y.key->text(); });
  constexpr std::size_t kMany = 64;
  if (pairs.size() > kMany) {
    merge_sort(pairs, natural);
    return;
  }
  // Insertion needs no transitive order; keys are few and nearly sorted by now.
  for (std::size_t i = 1; i < pairs.size(); ++i) {
    const KeyAndValue moving = pairs[i];
    std::size_t to = i;
    for (; to > 0 && natural(moving, pairs[to - 1]); --to) {
      pairs[to] = pairs[to - 1];
    }
    pairs[to] = moving;
  }
}

} // namespace ksail::manifests
