// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648), as config.json and X-Registry-Auth use it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ksail::docker {

/// URL-safe alphabet with padding (RFC 4648 §5): what the engine expects in X-Registry-Auth.
std::string base64url_encode(std::string_view bytes);

/// Either alphabet, padding optional; nullopt for anything else.
std::optional<std::string> base64_decode(std::string_view text);

} // namespace ksail::docker
