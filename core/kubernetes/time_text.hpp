// SPDX-License-Identifier: Apache-2.0
// The two ways of writing a moment that the API server uses. Independent of locale and time zone.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ksail::kubernetes {

/// "2026-03-01T12:00:00Z", with or without a fraction, to seconds since 1970.
std::optional<std::int64_t> parse_rfc3339_utc(std::string_view text);
/// An HTTP Date (RFC 9110 §5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<std::int64_t> parse_http_date(std::string_view text);

} // namespace ksail::kubernetes
