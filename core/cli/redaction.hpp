// SPDX-License-Identifier: Apache-2.0
// Values that must not be shown, blacked out in everything that is printed or logged.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::cli {

/// Thread-safe.
class Redaction {
public:
  /// Too short a value (less than 5 bytes) is ignored: blacking it out would garble everything and hide nothing.
  void add(std::string_view value);
  /// Besides the values added: user and password in URLs, and what follows "Bearer " and "Basic ".
  std::string apply(std::string_view text) const;

private:
  mutable std::mutex mutex_;
  std::vector<std::string> values_; ///< longest first
};

} // namespace ksail::cli
