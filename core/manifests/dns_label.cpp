// SPDX-License-Identifier: Apache-2.0
#include "manifests/dns_label.hpp"

#include <algorithm>

namespace ksail::manifests {

namespace {

bool is_part(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.front() != '-' && text.back() != '-' && std::all_of(text.begin(), text.end(), fits);
}

} // namespace

bool is_dns_label(std::string_view text) { return text.size() <= 63 && is_part(text); }

bool is_dns_subdomain(std::string_view text) {
  if (text.size() > 253) return false;
  for (auto dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.')) {
    if (!is_part(text.substr(0, dot))) return false;
    text.remove_prefix(dot + 1);
  }
  return is_part(text);
}

} // namespace ksail::manifests
