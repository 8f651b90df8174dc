// SPDX-License-Identifier: Apache-2.0
// Looks for a line in output that comes in pieces.
#pragma once

#include <ksail/sdk/result.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace ksail::docker {

/// Whether a line matches a regular expression (ECMAScript, anywhere in the line). Lines are looked at without their
/// end, without terminal escapes, and only in their first 4096 bytes.
class LineMatcher {
public:
  /// invalid_argument when it is no regular expression.
  static Result<LineMatcher> make(const std::string &expression);
  LineMatcher(LineMatcher &&) noexcept;
  LineMatcher &operator=(LineMatcher &&) noexcept;
  ~LineMatcher();

  /// True as soon as a line matched, an incomplete last one among them.
  bool feed(std::string_view bytes);

private:
  struct State;
  explicit LineMatcher(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Without carriage returns and escape sequences (ECMA-48 CSI and OSC).
std::string strip_terminal_escapes(std::string_view text);

} // namespace ksail::docker
