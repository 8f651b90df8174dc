// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/git_url.hpp"

#include <ksail/sdk/letter_case.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <filesystem>

namespace ksail::manifests::kustomize {
namespace {

bool begins_with(std::string_view text, std::string_view prefix) {
  return equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

/// "61" (seconds), or as Go writes durations: "61s", "1m30s", "1.5h", "500ms".
std::optional<std::chrono::milliseconds> duration(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 4> units{
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
  double total = 0;
  bool bare = true; // a number alone
  while (!text.empty()) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || number < 0) {
      return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const auto unit = std::find_if(units.begin(), units.end(), [&](const auto &each) {
      return text.starts_with(each.first) && (each.first != "m" || !text.starts_with("ms"));
    });
    if (unit == units.end() && (!text.empty() || !bare)) {
      return std::nullopt;
    }
    total += number * (unit == units.end() ? 1000 : unit->second);
    text.remove_prefix(unit == units.end() ? 0 : unit->first.size());
    bare = false;
  }
  constexpr double kMost = 24 * 3'600'000.0;
  return total < 1 ? std::nullopt
                   : std::optional(std::chrono::milliseconds(static_cast<std::int64_t>(std::min(total, kMost))));
}

/// Go refuses a query with a semicolon or a wrong escape, and kustomize then takes nothing from it.
bool can_be_read(std::string_view query) {
  const auto is_hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
  for (std::size_t i = 0; i < query.size(); ++i) {
    if (query[i] == ';' ||
        (query[i] == '%' && (i + 2 >= query.size() || !is_hex(query[i + 1]) || !is_hex(query[i + 2])))) {
      return false;
    }
  }
  return true;
}

void take_query(std::string_view query, GitUrl &url) {
  if (!can_be_read(query)) {
    return;
  }
  std::string version;
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    query = end == query.npos ? std::string_view{} : query.substr(end + 1);
    const auto equal = pair.find('=');
    const auto name = decoded(pair.substr(0, equal));
    const auto value = equal == pair.npos ? std::string() : decoded(pair.substr(equal + 1));
    if (name == "ref" && url.ref.empty()) {
      url.ref = value;
    } else if (name == "version" && version.empty()) {
      version = value;
    } else if (name == "timeout") {
      url.timeout = duration(value).value_or(url.timeout);
    } else if (name == "submodules" && !value.empty()) {
      url.submodules =
          !(value == "0" || value == "f" || value == "F" || value == "false" || value == "False" || value == "FALSE");
    }
  }
  if (url.ref.empty()) {
    url.ref = version;
  }
}

/// The user in front of an @.
std::string_view user_of(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size() && (std::isalnum(static_cast<unsigned char>(text[i])) != 0 || (i > 0 && text[i] == '-'))) {
    ++i;
  }
  const bool is = i > 0 && i < text.size() && text[i] == '@' && std::isalpha(static_cast<unsigned char>(text[0])) != 0;
  return is ? text.substr(0, i + 1) : std::string_view{};
}

/// Where the repository ends in the path of a URL, and where the path in it begins.
std::optional<std::pair<std::string_view, std::string_view>> repository_and_path(std::string_view text, bool local) {
  const auto split = [&](std::size_t end, std::size_t skipped) {
    return std::pair{text.substr(0, end), text.substr(std::min(end + skipped, text.size()))};
  };
  if (const auto azure = text.find("_git/"); azure != text.npos) {
    return split(std::min(text.find('/', azure + 5), text.size()), 1);
  }
  if (const auto slashes = text.find("//"); slashes != text.npos) {
    return split(slashes, 2);
  }
  if (const auto suffix = text.find(".git"); suffix != text.npos) {
    return split(suffix + 4, 0);
  }
  if (local) {
    return split(text.size(), 0);
  }
  const auto organisation = text.find('/');
  return organisation == text.npos ? std::nullopt
                                   : std::optional(split(std::min(text.find('/', organisation + 1), text.size()), 1));
}

} // namespace

bool is_web_url(std::string_view text) { return begins_with(text, "https://") || begins_with(text, "http://"); }

std::optional<GitUrl> parse_git_url(std::string_view text) {
  if (text.starts_with('/')) {
    return std::nullopt;
  }
  GitUrl url;
  if (const auto mark = text.find('?'); mark != text.npos) {
    take_query(text.substr(mark + 1), url);
    text = text.substr(0, mark);
  }
  if (begins_with(text, "git::")) {
    text.remove_prefix(5);
  }
  std::string prefix;
  for (const std::string_view scheme : {"ssh://", "https://", "http://", "file://"}) {
    if (begins_with(text, scheme)) {
      prefix = scheme;
      text.remove_prefix(scheme.size());
      break;
    }
  }
  const bool local = prefix == "file://";
  if (!local) {
    const auto user = user_of(text);
    text.remove_prefix(user.size());
    const bool github = begins_with(text, "github.com/") || begins_with(text, "github.com:");
    const bool colon = prefix.empty() && (!user.empty() || github); // host:path, as scp has it
    if (prefix.empty() && !colon) {
      return std::nullopt;
    }
    auto end = text.find('/');
    if (const auto at = text.find(':'); colon && at != text.npos && at > 0 && at < end) {
      end = at;
    }
    if (github) {
      const bool ssh = prefix == "ssh://" || !user.empty();
      prefix = ssh ? std::string(user) + "github.com:" : "https://github.com/";
    } else {
      prefix += std::string(user) + std::string(end == text.npos ? text : text.substr(0, end + 1));
    }
    text = end == text.npos ? std::string_view{} : text.substr(end + 1);
  }
  const auto parts = repository_and_path(text, local);
  if (!parts || parts->first.empty()) {
    return std::nullopt;
  }
  url.repository = prefix + std::string(parts->first);
  auto path = parts->second;
  while (path.starts_with('/')) {
    path.remove_prefix(1);
  }
  url.path = path;
  if (const auto clean = std::filesystem::path(url.path).lexically_normal(); !clean.empty() && *clean.begin() == "..") {
    return std::nullopt;
  }
  return url;
}

} // namespace ksail::manifests::kustomize
