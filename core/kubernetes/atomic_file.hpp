// SPDX-License-Identifier: Apache-2.0
// Reading a file whole, and replacing one so that nobody ever sees half of it.
#pragma once

#include <ksail/sdk/result.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace ksail::kubernetes {

/// Content of `path`; nothing when there is no such file. Errors: Code::config.
Result<std::optional<std::string>> read_whole_file(const std::string &path);

/// Creates the directories above `path` with mode 0755 where they are missing.
Result<void> make_directories_for(const std::string &path);

/// Writes `content` to a temporary beside the file, fsync, rename over it. Symbolic links are followed. A new file has
/// mode 0600; an existing one keeps its mode. Where the name cannot be replaced (a bind-mounted file) it is written in
/// place.
Result<void> replace_file(const std::string &path, std::string_view content);

} // namespace ksail::kubernetes
