// SPDX-License-Identifier: Apache-2.0
// Reading what the other side of the C ABI handed over, and no byte more than it says is there.
#pragma once

#include <ksail/abi.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace ksail::detail {

/// A copy of the part of `*from` that its producer stated; what is missing is zero. Only for the structs of abi.h.
/// No producer has a size that is not a multiple of the alignment; of such a one the odd rest does not count, for it
/// may be half of a pointer.
template <class Struct> Struct abi_read(const Struct *from) {
  Struct copy{};
  // The address of the whole may be anything a foreign side came up with, hence bytes and not members.
  if (from == nullptr) return copy;
  std::uint32_t stated = 0;
  std::memcpy(&stated, static_cast<const void *>(from), sizeof stated);
  std::memcpy(&copy, static_cast<const void *>(from),
              std::min<std::size_t>(stated - stated % alignof(Struct), sizeof copy));
  copy.size = stated;
  return copy;
}

/// The text of a borrowed string.
inline std::string_view abi_view(ksail_str s) {
  return s.data ? std::string_view(s.data, static_cast<std::size_t>(s.len)) : std::string_view();
}

inline ksail_str abi_str(std::string_view s) { return {s.data(), s.size()}; }

/// Calls `take(name, bytes)` for each blob.
template <class Take> void abi_blobs(const ksail_blob *blobs, std::uint64_t count, Take take) {
  if (blobs == nullptr) return;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto *bytes = static_cast<const char *>(blobs[i].data);
    const std::size_t length = bytes ? static_cast<std::size_t>(blobs[i].len) : 0;
    take(std::string(abi_view(blobs[i].name)), bytes ? std::string(bytes, length) : std::string());
  }
}

} // namespace ksail::detail
