// SPDX-License-Identifier: Apache-2.0
// Errors as people and as programs read them.
#pragma once

#include "cli/progress_lines.hpp"

#include <ksail/sdk/result.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace ksail::cli {

/// "error: …", one line for each cause, "hint: …"; ends in a newline.
std::string error_text(const Error &error, LineStyle style);
/// {"apiVersion","kind":"Error","code","exitCode","message","hint","causes"}
nlohmann::ordered_json error_json(const Error &error);

} // namespace ksail::cli
