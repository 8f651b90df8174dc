// SPDX-License-Identifier: Apache-2.0
#include "config/environment.hpp"

#include <unistd.h>

namespace ksail::config {

namespace {

/// Where the brace opened before `from` closes.
std::size_t closing_brace(std::string_view text, std::size_t from) {
  unsigned depth = 1;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{') {
      ++depth;
      ++i;
    } else if (text[i] == '}' && --depth == 0)
      return i;
  }
  return std::string_view::npos;
}

bool is_variable(std::string_view name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
  for (const char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')) return false;
  return true;
}

Result<std::string> expand_nested(std::string_view text, const Environment &environment,
                                  std::vector<std::string> &unset, unsigned depth) {
  if (depth > 8) return Error(Code::config, "defaults are nested too deeply");
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const auto dollar = text.find("${", at);
    if (dollar == std::string_view::npos) {
      result += text.substr(at);
      break;
    }
    result += text.substr(at, dollar - at);
    const auto end = closing_brace(text, dollar + 2);
    if (end == std::string_view::npos)
      return Error(Code::config, "'${' is not closed", "write ${VAR} or ${VAR:-default}");
    const std::string_view inner = text.substr(dollar + 2, end - dollar - 2);
    const auto separator = inner.find(":-");
    const std::string_view name = inner.substr(0, separator);
    if (!is_variable(name))
      return Error(Code::config, "'${" + std::string(inner) + "}' does not name a variable",
                   "write ${VAR} or ${VAR:-default}");
    const auto found = environment.find(name);
    if (found != environment.end() && !found->second.empty())
      result += found->second;
    else if (separator != std::string_view::npos) {
      auto fallback = expand_nested(inner.substr(separator + 2), environment, unset, depth + 1);
      if (!fallback) return fallback.error();
      result += *fallback;
    } else if (found == environment.end())
      unset.emplace_back(name);
    at = end + 1;
  }
  return result;
}

} // namespace

Environment process_environment() {
  Environment environment;
  for (char **entry = environ; entry && *entry; ++entry) {
    const std::string_view text = *entry;
    if (const auto equals = text.find('='); equals != std::string_view::npos && equals > 0)
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

Result<std::string> expand(std::string_view text, const Environment &environment, std::vector<std::string> &unset) {
  return expand_nested(text, environment, unset, 0);
}

} // namespace ksail::config
