// SPDX-License-Identifier: Apache-2.0
// Why a system call failed, in words.
#pragma once

#include <string>
#include <system_error>

namespace ksail::manifests {

/// "No such file or directory" for ENOENT. From any thread.
inline std::string system_error_text(int error) { return std::error_code(error, std::generic_category()).message(); }

} // namespace ksail::manifests
