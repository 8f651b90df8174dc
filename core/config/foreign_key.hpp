// SPDX-License-Identifier: Apache-2.0
// Keys of ksail.yaml that the Go ksail understands and this one does not.
#pragma once

#include <span>
#include <string_view>

namespace ksail::config {

struct ForeignKey {
  std::string_view key; ///< it and everything below it
  /// Values (any case) that ask for nothing this ksail would do differently; {"*"}: whatever it says.
  std::span<const std::string_view> harmless;
  std::string_view instead; ///< what to do instead; may be empty
};

/// Whether `value` may be left out without changing what is made.
bool is_harmless(const ForeignKey &foreign, std::string_view value);
/// The entry for that key or one above it, or nullptr.
const ForeignKey *find_foreign_key(std::string_view key);

} // namespace ksail::config
