// SPDX-License-Identifier: Apache-2.0
// Comparing the names of header fields.
#pragma once

#include <ksail/sdk/letter_case.hpp>

namespace ksail::http {

/// Header field names compare without case, in ASCII whatever the locale (RFC 9110 section 5.1).
constexpr bool equal_names(std::string_view a, std::string_view b) { return equal_ignoring_case(a, b); }

} // namespace ksail::http
