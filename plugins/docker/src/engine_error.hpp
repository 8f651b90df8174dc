// SPDX-License-Identifier: Apache-2.0
// What the engine's answers mean as errors. The engine says 500 to much that is the user's to mend, so its text is
// looked at too.
#pragma once

#include <ksail/sdk/result.hpp>

#include <string>
#include <string_view>

namespace ksail::docker {

/// "cannot <what>: <the engine's message>". `body` is the answer's body, JSON with a member "message" or plain text.
Error engine_error(std::string_view what, int status, std::string_view body);

/// The engine's own words out of an answer's body.
std::string engine_message(std::string_view body);

/// Whether starting failed because a host port is taken (by whomever).
bool is_port_conflict(std::string_view message);

/// Whether a network could not be made because its range overlaps with one that exists.
bool is_range_conflict(std::string_view message);

} // namespace ksail::docker
