// SPDX-License-Identifier: Apache-2.0
// Choosing an IPv4 range for a network that collides with nothing. The engine accepts fixed addresses only in a range
// that was given to it, so the choice cannot be left to the engine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::docker {

/// address/prefix with host bits cleared, host byte order.
struct Ipv4Range {
  std::uint32_t address = 0;
  unsigned prefix = 0;

  bool operator==(const Ipv4Range &) const = default;
  bool overlaps(const Ipv4Range &other) const;
  std::string text() const;                     ///< "172.28.3.0/24"
  std::string host(std::uint32_t number) const; ///< its n-th address, "172.28.3.1"
};

/// Also takes a plain address (prefix 32). nullopt for anything else, IPv6 among it.
std::optional<Ipv4Range> parse_ipv4_range(std::string_view text);

/// Ranges of /proc/net/route (proc(5): destination and mask in hexadecimal, network byte order as stored in memory),
/// without the default route.
std::vector<Ipv4Range> parse_route_table(std::string_view text);

/// A /24 that overlaps with none of `taken`; nullopt when all candidates are. `name` decides where the search begins,
/// so that one cluster gets the same range again and two made at once rarely want the same.
std::optional<Ipv4Range> choose_subnet(const std::vector<Ipv4Range> &taken, std::string_view name);

} // namespace ksail::docker
