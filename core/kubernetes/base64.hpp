// SPDX-License-Identifier: Apache-2.0
// Base64 with padding (RFC 4648 §4), as in kubeconfig files and ExecCredentials.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ksail::kubernetes {

/// White space is ignored; anything else that is not base64 gives nothing.
std::optional<std::string> decode_base64(std::string_view text);
std::string encode_base64(std::string_view bytes);

} // namespace ksail::kubernetes
