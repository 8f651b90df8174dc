// SPDX-License-Identifier: Apache-2.0
#include "subnet.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <sstream>

namespace ksail::docker {

namespace {

std::uint32_t mask_of(unsigned prefix) { return prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix); }

std::string dotted(std::uint32_t address) {
  return std::to_string(address >> 24) + "." + std::to_string(address >> 16 & 255) + "." +
         std::to_string(address >> 8 & 255) + "." + std::to_string(address & 255);
}

template <class T> bool read_number(std::string_view &text, T &value, T max) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value > max) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

/// Pools of /24 networks in the order of preference. The second is used only when the first is full; 10.0/9 and the
/// ranges above 10.224 are left to office networks and overlays.
struct Pool {
  std::uint32_t first;
  std::uint32_t count;
};
constexpr Pool pools[] = {{0xAC1C0000, 1024}, {0x0AC80000, 4096}}; // 172.28.0.0/14, 10.200.0.0/12

std::uint32_t fnv1a(std::string_view text) {
  std::uint32_t hash = 2166136261u;
  for (const unsigned char c : text)
    hash = (hash ^ c) * 16777619u;
  return hash;
}

} // namespace

bool Ipv4Range::overlaps(const Ipv4Range &other) const {
  const auto mask = mask_of(std::min(prefix, other.prefix));
  return (address & mask) == (other.address & mask);
}

std::string Ipv4Range::text() const { return dotted(address) + "/" + std::to_string(prefix); }

std::string Ipv4Range::host(std::uint32_t number) const { return dotted(address + number); }

std::optional<Ipv4Range> parse_ipv4_range(std::string_view text) {
  Ipv4Range range;
  for (int i = 0; i < 4; ++i) {
    std::uint32_t octet = 0;
    if (!read_number(text, octet, std::uint32_t{255})) return std::nullopt;
    range.address = range.address << 8 | octet;
    if (i < 3) {
      if (text.empty() || text.front() != '.') return std::nullopt;
      text.remove_prefix(1);
    }
  }
  range.prefix = 32;
  if (!text.empty()) {
    if (text.front() != '/') return std::nullopt;
    text.remove_prefix(1);
    if (!read_number(text, range.prefix, 32u) || !text.empty()) return std::nullopt;
  }
  range.address &= mask_of(range.prefix);
  return range;
}

std::vector<Ipv4Range> parse_route_table(std::string_view text) {
  std::vector<Ipv4Range> ranges;
  std::istringstream lines{std::string(text)};
  std::string line;
  std::getline(lines, line); // headings
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string interface, destination, skipped, mask;
    fields >> interface >> destination;
    for (int i = 0; i < 5; ++i)
      fields >> skipped;
    if (!(fields >> mask)) continue;
    std::uint32_t raw_destination = 0, raw_mask = 0;
    if (std::from_chars(destination.data(), destination.data() + destination.size(), raw_destination, 16).ec !=
            std::errc() ||
        std::from_chars(mask.data(), mask.data() + mask.size(), raw_mask, 16).ec != std::errc())
      continue;
    if constexpr (std::endian::native == std::endian::little) {
      raw_destination = __builtin_bswap32(raw_destination);
      raw_mask = __builtin_bswap32(raw_mask);
    }
    const auto prefix = static_cast<unsigned>(std::popcount(raw_mask));
    if (prefix == 0) continue;
    ranges.push_back(Ipv4Range{raw_destination & mask_of(prefix), prefix});
  }
  return ranges;
}

std::optional<Ipv4Range> choose_subnet(const std::vector<Ipv4Range> &taken, std::string_view name) {
  const auto start = fnv1a(name);
  for (const auto &pool : pools)
    for (std::uint32_t i = 0; i < pool.count; ++i) {
      const Ipv4Range candidate{pool.first + ((start + i) % pool.count << 8), 24};
      if (std::none_of(taken.begin(), taken.end(), [&](const Ipv4Range &r) { return r.overlaps(candidate); }))
        return candidate;
    }
  return std::nullopt;
}

} // namespace ksail::docker
