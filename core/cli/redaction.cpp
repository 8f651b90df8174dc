// SPDX-License-Identifier: Apache-2.0
#include "cli/redaction.hpp"

#include <algorithm>

namespace ksail::cli {

namespace {

constexpr std::string_view blackened = "***";

void replace_all(std::string &text, std::string_view value) {
  for (std::size_t at = 0; (at = text.find(value, at)) != std::string::npos; at += blackened.size())
    text.replace(at, value.size(), blackened);
}

/// "https://user:password@host" -> "https://***@host"
void hide_url_credentials(std::string &text) {
  for (std::size_t at = 0; (at = text.find("://", at)) != std::string::npos;) {
    const std::size_t begin = at + 3;
    const std::size_t end = std::min(text.find_first_of("/ \t\n\"'<>", begin), text.size());
    const std::size_t sign = text.rfind('@', end);
    at = begin;
    if (sign == std::string::npos || sign < begin || sign >= end) continue;
    if (text.substr(begin, sign - begin).find(':') == std::string::npos) continue;
    text.replace(begin, sign - begin, blackened);
  }
}

void hide_authorization(std::string &text, std::string_view scheme) {
  for (std::size_t at = 0; (at = text.find(scheme, at)) != std::string::npos;) {
    at += scheme.size();
    const std::size_t end = std::min(text.find_first_of(" \t\n\"',;", at), text.size());
    // "Basic auth" is prose, not a credential.
    if (end - at < 12) continue;
    text.replace(at, end - at, blackened);
  }
}

} // namespace

void Redaction::add(std::string_view value) {
  if (value.size() < 5) return;
  const std::lock_guard lock(mutex_);
  if (std::find(values_.begin(), values_.end(), value) != values_.end()) return;
  values_.emplace_back(value);
  std::sort(values_.begin(), values_.end(),
            [](const std::string &a, const std::string &b) { return a.size() > b.size(); });
}

std::string Redaction::apply(std::string_view text) const {
  std::string result(text);
  {
    const std::lock_guard lock(mutex_);
    for (const auto &value : values_)
      replace_all(result, value);
  }
  hide_url_credentials(result);
  hide_authorization(result, "Bearer ");
  hide_authorization(result, "Basic ");
  return result;
}

} // namespace ksail::cli
