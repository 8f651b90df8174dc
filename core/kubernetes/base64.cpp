// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/base64.hpp"

#include "manifests/base64.hpp"

#include <cstdint>

namespace ksail::kubernetes {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

} // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  std::string dense(text);
  std::erase_if(dense, [](char c) { return c == ' ' || c == '\t'; });
  return manifests::decode_base64(dense);
}

std::string encode_base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t k) {
      return i + k < bytes.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i + k])) : 0u;
    };
    const std::uint32_t group = at(0) << 16 | at(1) << 8 | at(2);
    out += alphabet[group >> 18];
    out += alphabet[(group >> 12) & 63u];
    out += i + 1 < bytes.size() ? alphabet[(group >> 6) & 63u] : '=';
    out += i + 2 < bytes.size() ? alphabet[group & 63u] : '=';
  }
  return out;
}

} // namespace ksail::kubernetes
