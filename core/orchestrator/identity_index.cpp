// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/identity_index.hpp"

namespace ksail {

namespace {

/// Slots are in the order of their tags as far as possible, so that a table of any size works and a larger one can be
/// filled from a smaller one alone.
std::size_t home(std::uint64_t tag, std::size_t slots) { return static_cast<std::size_t>((tag * slots) >> 32U); }

} // namespace

Result<std::optional<std::uint32_t>> IdentityIndex::find(std::uint64_t hash, const Same &same) const {
  const auto &slots = parts_[hash >> 58U].slots;
  if (slots.empty()) return std::optional<std::uint32_t>();
  const std::uint64_t tag = hash & 0xFFFFFFFFU;
  for (std::size_t at = home(tag, slots.size()); slots[at] != 0; at = at + 1 == slots.size() ? 0 : at + 1) {
    if (slots[at] >> 32U != tag) continue;
    const auto number = static_cast<std::uint32_t>(slots[at] & 0xFFFFFFFFU) - 1;
    auto found = same(number);
    if (!found) return found.error();
    if (*found) return std::optional<std::uint32_t>(number);
  }
  return std::optional<std::uint32_t>();
}

void IdentityIndex::put(std::vector<std::uint64_t> &slots, std::uint64_t slot) {
  std::size_t at = home(slot >> 32U, slots.size());
  while (slots[at] != 0)
    at = at + 1 == slots.size() ? 0 : at + 1;
  slots[at] = slot;
}

void IdentityIndex::insert(std::uint64_t hash, std::uint32_t number) {
  Part &part = parts_[hash >> 58U];
  if ((part.used + 1) * 8 > part.slots.size() * 7) {
    std::vector<std::uint64_t> larger(part.slots.size() * 5 / 4 + 16);
    for (const auto slot : part.slots)
      if (slot != 0) put(larger, slot);
    part.slots = std::move(larger);
  }
  put(part.slots, (hash << 32U) | (std::uint64_t{number} + 1));
  ++part.used;
}

} // namespace ksail
