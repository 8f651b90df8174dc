// SPDX-License-Identifier: Apache-2.0
// Error and Result<T>: how everything that can be expected to fail is reported, in plugins and in the core alike.
#pragma once

#include <boost/system/result.hpp>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ksail {

/// What kind of failure. 0..16 are the canonical gRPC numbers and cross the plugin ABI; from 100 on they are the host's own.
enum class Code : std::int32_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
  usage = 100,   ///< a command line that cannot be understood
  config = 101,  ///< ksail.yaml, kubeconfig or environment
  plugin = 102,  ///< a plugin that is missing, refused or misbehaving
  partial = 103, ///< some parts succeeded, some failed
};

/// One failure: what was attempted, on what, why (`message`) and what to do next (`hint`).
/// A message is one sentence without trailing dot. Never holds a secret.
struct [[nodiscard]] Error {
  Code code = Code::unknown;
  std::string message;
  std::string hint;
  bool retryable = false;       ///< the same request may succeed later
  bool outcome_unknown = false; ///< it may have taken effect: observe before repeating
  std::chrono::milliseconds retry_after{0};
  std::vector<Error> causes; ///< when parallel parts failed: all of them

  Error() = default;
  Error(Code c, std::string m, std::string h = {}) : code(c), message(std::move(m)), hint(std::move(h)) {}

  /// The same error, marked as worth repeating.
  Error retry(std::chrono::milliseconds after = std::chrono::milliseconds{0}) && {
    retryable = true;
    retry_after = after;
    return std::move(*this);
  }
  /// The same error with "context: " in front of its message.
  Error in(std::string_view context) && {
    message = std::string(context) + ": " + message;
    return std::move(*this);
  }
};

/// boost::system::result asks for this when value() is called on a failure: that is a bug of the caller.
[[noreturn]] inline void throw_exception_from_error(const Error &e, const boost::source_location &) {
  throw std::logic_error("unchecked failure: " + e.message);
}

template <class T> using Result = boost::system::result<T, Error>; ///< a value or an Error

} // namespace ksail
