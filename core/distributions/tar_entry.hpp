// SPDX-License-Identifier: Apache-2.0
// A file out of a tar archive, as providers and nodes hand them out. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ksail {

/// Content of the regular file `name` in a tar archive (POSIX ustar), or nothing: it is not there, or cut short.
std::optional<std::string> tar_entry(std::string_view archive, std::string_view name);

} // namespace ksail
