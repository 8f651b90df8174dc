// SPDX-License-Identifier: Apache-2.0
// Talos writes Ed25519 keys as PKCS#8 under a label of its own, "ED25519 PRIVATE KEY" (siderolabs/crypto, x509).
// OpenSSL reads the same bytes under "PRIVATE KEY" only.
#pragma once

#include <string>

namespace ksail::talos {

/// The key with the label that OpenSSL reads; keys of other types stay as they are.
std::string with_openssl_label(std::string pem);
/// The opposite, for what Talos or talosctl will read.
std::string with_talos_label(std::string pem);

} // namespace ksail::talos
