// SPDX-License-Identifier: Apache-2.0
// The environment as a value, and `${VAR}` in texts.
#pragma once

#include <ksail/sdk/result.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::config {

using Environment = std::map<std::string, std::string, std::less<>>;

/// That of this process.
Environment process_environment();

/// Replaces `${VAR}` and `${VAR:-default}`; a default may hold such things itself. What is unset and has no default
/// becomes nothing and is named in `unset`. A dollar sign without a brace stays. The failure says what is wrong with
/// the text.
Result<std::string> expand(std::string_view text, const Environment &environment, std::vector<std::string> &unset);

} // namespace ksail::config
