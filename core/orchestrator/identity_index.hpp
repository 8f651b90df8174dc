// SPDX-License-Identifier: Apache-2.0
// Which of many objects is this one? About ten bytes for each, however long their names are.
#pragma once

#include <ksail/sdk/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace ksail {

/// Numbers by the hash of what they stand for. What they stand for is kept elsewhere: `same` looks there, and is asked
/// about candidates that share 32 bits of hash. Grows in small parts, so that memory never holds the whole twice. Not
/// thread-safe.
class IdentityIndex {
public:
  using Same = std::function<Result<bool>(std::uint32_t number)>;

  /// The number that `same` says yes to. Fails when `same` does.
  Result<std::optional<std::uint32_t>> find(std::uint64_t hash, const Same &same) const;
  /// Of one that is not there yet; below 2^32 - 1.
  void insert(std::uint64_t hash, std::uint32_t number);

private:
  struct Part {
    std::vector<std::uint64_t> slots; ///< tag and number + 1; 0 is free
    std::size_t used = 0;
  };
  static void put(std::vector<std::uint64_t> &slots, std::uint64_t slot);

  std::array<Part, 64> parts_;
};

} // namespace ksail
