// SPDX-License-Identifier: Apache-2.0
// errno of a file operation as an Error a user can act on.
#pragma once

#include <ksail/sdk/result.hpp>

#include <string>
#include <string_view>

namespace ksail::kubernetes {

/// "cannot <attempt> <path>: <reason>", Code::config, with a hint for the reasons people meet.
Error file_error(std::string_view attempt, const std::string &path, int error_number);

} // namespace ksail::kubernetes
