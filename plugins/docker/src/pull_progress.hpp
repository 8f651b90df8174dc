// SPDX-License-Identifier: Apache-2.0
// The JSON stream of POST /images/create, added up.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace ksail::docker {

class PullProgress {
public:
  /// One line of the stream. True when done() or total() changed.
  bool feed(std::string_view line);

  std::uint64_t done() const;  ///< bytes downloaded, over all layers seen so far
  std::uint64_t total() const; ///< grows as layers are announced
  /// Set when the engine reported a failure: it does so inside a stream that began with 200.
  const std::optional<std::string> &error() const { return error_; }

private:
  struct Layer {
    std::uint64_t done = 0;
    std::uint64_t total = 0;
  };
  std::map<std::string, Layer> layers_;
  std::optional<std::string> error_;
};

} // namespace ksail::docker
