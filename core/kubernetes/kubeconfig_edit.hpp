// SPDX-License-Identifier: Apache-2.0
// Adding and removing entries of a kubeconfig as text. Pure: text in, text out.
#pragma once

#include <ksail/sdk/result.hpp>

#include <string>
#include <string_view>

namespace ksail::kubernetes {

/// `text` (may be empty) with every cluster, user and context of `incoming` added, or put in the place of the one with
/// the same name, and its current-context made current. `file` is what errors name. The lines of other entries stay as
/// they are; a file in flow style (JSON) is written anew, with quoted scalars quoted.
Result<std::string> with_entries(std::string_view text, std::string_view incoming, const std::string &file);

/// `text` without cluster, user and context `name`; the current context becomes empty when it was this one. The same
/// text when there is nothing of that name.
Result<std::string> without_entries(std::string_view text, std::string_view name, const std::string &file);

} // namespace ksail::kubernetes
