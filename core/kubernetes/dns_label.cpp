// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/dns_label.hpp"

#include <algorithm>

namespace ksail::kubernetes {

bool is_dns_label(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), fits);
}

} // namespace ksail::kubernetes
