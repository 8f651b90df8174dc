// SPDX-License-Identifier: Apache-2.0
#include "distributions/addresses.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <iterator>
#include <utility>

namespace ksail {

std::string address_text(std::uint32_t address) {
  const in_addr value{htonl(address)};
  char text[INET_ADDRSTRLEN];
  ::inet_ntop(AF_INET, &value, text, sizeof text);
  return text;
}

std::string Subnet::text() const { return address_text(base) + "/" + std::to_string(prefix); }

Result<Subnet> parse_subnet(const std::string &text) {
  const auto slash = text.find('/');
  const Error wrong(Code::invalid_argument, "'" + text + "' is not an IPv4 subnet", "write it like 10.244.0.0/16");
  if (slash == std::string::npos) return wrong;
  in_addr value{};
  if (::inet_pton(AF_INET, text.substr(0, slash).c_str(), &value) != 1) return wrong;
  unsigned prefix = 33;
  const char *end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + slash + 1, end, prefix);
  if (parsed.ec != std::errc() || parsed.ptr != end || prefix > 32) return wrong;
  Subnet subnet{ntohl(value.s_addr), prefix};
  const std::uint32_t mask = prefix == 0 ? 0 : ~std::uint32_t(0) << (32 - prefix);
  if ((subnet.base & mask) != subnet.base) return wrong;
  return subnet;
}

Result<std::string> address_in(const Subnet &subnet, std::uint32_t index) {
  const std::uint64_t size = std::uint64_t(1) << (32 - subnet.prefix);
  if (index + std::uint64_t(1) >= size)
    return Error(Code::out_of_range, "the subnet " + subnet.text() + " has no address number " + std::to_string(index),
                 "use fewer nodes or a larger subnet");
  return address_text(subnet.base + index);
}

Result<Subnet> part_of(const Subnet &subnet, unsigned prefix, std::uint32_t index) {
  if (prefix < subnet.prefix || prefix > 32 || (std::uint64_t(index) >> (prefix - subnet.prefix)) != 0)
    return Error(Code::out_of_range,
                 "the subnet " + subnet.text() + " has no part number " + std::to_string(index) + " of length /" +
                     std::to_string(prefix),
                 "use fewer nodes or a larger subnet");
  return Subnet{subnet.base + static_cast<std::uint32_t>(std::uint64_t(index) << (32 - prefix)), prefix};
}

Result<void> check_apart(const Subnet &network, const Subnet &pods, const Subnet &services) {
  const std::pair<const Subnet &, const char *> ranges[] = {
      {network, "the provider's network"}, {pods, "the pods' range"}, {services, "the Services' range"}};
  for (std::size_t i = 0; i < std::size(ranges); ++i)
    for (std::size_t j = i + 1; j < std::size(ranges); ++j) {
      const auto &[one, one_name] = ranges[i];
      const auto &[other, other_name] = ranges[j];
      const unsigned prefix = std::min(one.prefix, other.prefix);
      const std::uint32_t mask = prefix == 0 ? 0 : ~std::uint32_t(0) << (32 - prefix);
      if ((one.base & mask) != (other.base & mask)) continue;
      return Error(Code::failed_precondition,
                   std::string(one_name) + " " + one.text() + " and " + other_name + " " + other.text() +
                       " have addresses in common",
                   "nodes, pods and Services need ranges of their own");
    }
  return {};
}

Result<std::string> free_address(const Subnet &network, std::set<std::string> &taken) {
  for (std::uint32_t i = 2;; ++i) { // the first is the gateway's
    auto address = address_in(network, i);
    if (!address)
      return Error(Code::resource_exhausted, "no address is left in the cluster's network " + network.text());
    if (taken.insert(*address).second) return address;
  }
}

} // namespace ksail
