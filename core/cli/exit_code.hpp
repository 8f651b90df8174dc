// SPDX-License-Identifier: Apache-2.0
// Exit codes: the one place where a Code becomes a number of the process. Documented in docs/exit-codes.md.
#pragma once

#include <ksail/sdk/result.hpp>

#include <string_view>

namespace ksail::cli {

namespace exit_code {
inline constexpr int ok = 0;
inline constexpr int failed = 1;
inline constexpr int usage = 2;
inline constexpr int config = 3;
inline constexpr int not_found = 4;
inline constexpr int conflict = 5;
inline constexpr int plugin = 6;
inline constexpr int credentials = 7;
inline constexpr int timeout = 8;
inline constexpr int partial = 9;
inline constexpr int interrupted = 130; ///< SIGINT; SIGTERM is 143
} // namespace exit_code

int exit_code_of(const Error &error);

/// "not_found": how a Code is written in JSON.
std::string_view code_name(Code code);

} // namespace ksail::cli
