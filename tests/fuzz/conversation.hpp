// SPDX-License-Identifier: Apache-2.0
// Any bytes as what a server sends: one byte that says in pieces of which size the rest arrives and which requests are
// cancelled, then the bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace ksail::fuzz {

inline void must(bool holds) {
  if (!holds) std::abort();
}

/// The bytes; `size` is at least 1.
inline std::string_view sent(const std::uint8_t *data, std::size_t size) {
  return {reinterpret_cast<const char *>(data) + 1, size - 1};
}

/// A Conversation is made with the requests that are cancelled, one bit each, and gets pieces until it wants no more.
template <class Conversation> void converse(const std::uint8_t *data, std::size_t size) {
  std::string_view bytes = sent(data, size);
  const std::size_t piece = (data[0] & 0x1fU) == 0 ? bytes.size() : data[0] & 0x1fU;
  Conversation conversation(data[0] >> 5U);
  while (!bytes.empty() && conversation.receive(bytes.substr(0, piece)))
    bytes.remove_prefix(std::min(piece, bytes.size()));
  conversation.end();
}

} // namespace ksail::fuzz
