// SPDX-License-Identifier: Apache-2.0
// Base64 with padding (RFC 4648 §4), as Go decodes it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ksail::manifests {

/// Line breaks are ignored; anything else that is not base64 gives nothing.
std::optional<std::string> decode_base64(std::string_view text);

} // namespace ksail::manifests
