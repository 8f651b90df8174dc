// SPDX-License-Identifier: Apache-2.0
// The difference of two texts as a unified diff. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ksail::manifests {

struct DiffNames {
  std::string_view before, after; ///< for the two heading lines
  std::size_t context = 3;        ///< unchanged lines shown around a change
};

/// Headings, hunks ("@@ -1,7 +1,9 @@") and lines with ' ', '-' or '+' in front, as `diff -u` and `patch` write and read
/// them; empty when the texts are equal. Shortest edit script (Myers, "An O(ND) Difference Algorithm"); texts that have
/// almost nothing in common are shown as replaced.
std::string unified_diff(std::string_view before, std::string_view after, const DiffNames &names);

} // namespace ksail::manifests
