// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/key_label.hpp"

#include <string_view>

namespace ksail::talos {

namespace {

void replace_all(std::string &text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

} // namespace

std::string with_openssl_label(std::string pem) {
  replace_all(pem, "-----BEGIN ED25519 PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----");
  replace_all(pem, "-----END ED25519 PRIVATE KEY-----", "-----END PRIVATE KEY-----");
  return pem;
}

std::string with_talos_label(std::string pem) {
  replace_all(pem, "-----BEGIN PRIVATE KEY-----", "-----BEGIN ED25519 PRIVATE KEY-----");
  replace_all(pem, "-----END PRIVATE KEY-----", "-----END ED25519 PRIVATE KEY-----");
  return pem;
}

} // namespace ksail::talos
