// SPDX-License-Identifier: Apache-2.0
// Whether a word is a slip of another. Pure.
#pragma once

#include <string_view>

namespace ksail::kubernetes {

/// One wrong letter, up to two missing ones or two swapped ones side by side, ignoring ASCII case. The same word is
/// near, too.
bool near_word(std::string_view a, std::string_view b);

} // namespace ksail::kubernetes
