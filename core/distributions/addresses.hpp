// SPDX-License-Identifier: Apache-2.0
// IPv4 arithmetic on subnets: which node gets which address, which pods live where. Pure.
#pragma once

#include <ksail/sdk/result.hpp>

#include <cstdint>
#include <set>
#include <string>

namespace ksail {

struct Subnet {
  std::uint32_t base = 0;
  unsigned prefix = 32;
  std::string text() const; ///< "10.244.1.0/24"
};

/// "172.28.0.0/24"; invalid_argument names what is wrong.
Result<Subnet> parse_subnet(const std::string &text);
std::string address_text(std::uint32_t address);
/// The address `index` after the subnet's base; out_of_range when it is not inside, or is its broadcast address.
Result<std::string> address_in(const Subnet &subnet, std::uint32_t index);
/// The `index`-th subnet of length `prefix` inside, e.g. the pod range of a node.
Result<Subnet> part_of(const Subnet &subnet, unsigned prefix, std::uint32_t index);

/// failed_precondition when two of the three have addresses in common: packets for one would go to the other.
Result<void> check_apart(const Subnet &network, const Subnet &pods, const Subnet &services);

/// The lowest of the network's addresses for nodes that is not in `taken`, and is from now on. resource_exhausted when
/// none is left.
Result<std::string> free_address(const Subnet &network, std::set<std::string> &taken);

} // namespace ksail
