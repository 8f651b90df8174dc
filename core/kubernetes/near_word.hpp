// SPDX-License-Identifier: Apache-2.0
// Whether a word is a slip of another. Pure.
#pragma once

#include <string_view>

namespace ksail::kubernetes {

/// One or two wrong, missing or swapped letters side by side, ignoring ASCII case. The same word is near, too.
bool near_word(std::string_view a, std::string_view b);

} // namespace ksail::kubernetes
