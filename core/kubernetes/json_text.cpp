// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/json_text.hpp"

#include "manifests/utf8.hpp"

#include <algorithm>
#include <array>

namespace ksail::kubernetes {

namespace {

/// Length of a raw character at `at` that YAML treats specially, and its escape; 0 when it is harmless.
std::size_t special(std::string_view json, std::size_t at, const char *&escape, std::string &scratch) {
  const auto byte = [&](std::size_t i) { return at + i < json.size() ? static_cast<unsigned char>(json[at + i]) : 0u; };
  switch (byte(0)) {
  case 0x7Fu:
    escape = "\\u007f";
    return 1;
  case 0xC2u:
    if (byte(1) >= 0x80u && byte(1) <= 0x9Fu) {
      static constexpr char digits[] = "0123456789abcdef";
      scratch = "\\u00";
      scratch += digits[byte(1) >> 4];
      scratch += digits[byte(1) & 15u];
      escape = scratch.c_str();
      return 2;
    }
    return 0;
  case 0xE2u:
    if (byte(1) == 0x80u && (byte(2) == 0xA8u || byte(2) == 0xA9u)) {
      escape = byte(2) == 0xA8u ? "\\u2028" : "\\u2029";
      return 3;
    }
    return 0;
  case 0xEFu:
    if (byte(1) == 0xBBu && byte(2) == 0xBFu) {
      escape = "\\ufeff";
      return 3;
    }
    if (byte(1) == 0xBFu && (byte(2) == 0xBEu || byte(2) == 0xBFu)) {
      escape = byte(2) == 0xBEu ? "\\ufffe" : "\\uffff";
      return 3;
    }
    return 0;
  default:
    return 0;
  }
}

/// Bytes that may need something; all others are copied as they come.
constexpr std::array<bool, 256> worth_a_look = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("\"\\{[\x7F\xC2\xE2\xEF"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

/// What stands for the escape at `at`, appended to `out`; how long it is.
std::size_t take_escape(std::string_view json, std::size_t at, std::string &out) {
  if (json.substr(at + 1, 1) == "/") {
    out += '/';
    return 2;
  }
  if (json.substr(at + 1, 1) == "u") {
    const auto high = manifests::hex4(json.substr(at + 2));
    const auto low = high && json.substr(at + 6, 2) == "\\u" ? manifests::hex4(json.substr(at + 8)) : std::nullopt;
    if (const auto character = low ? manifests::surrogate_pair(*high, *low) : std::nullopt) {
      std::array<char, 4> bytes;
      char *end = bytes.data();
      manifests::append_utf8(*character, end);
      out.append(bytes.data(), end);
      return 12;
    }
  }
  out.append(json.substr(at, 2)); // also \\ : its second character starts no escape
  return 2;
}

} // namespace

std::string yaml_safe(std::string_view json) {
  std::string out, scratch;
  out.reserve(json.size() + json.size() / 8);
  bool quoted = false;
  for (std::size_t i = 0; i < json.size();) {
    const std::size_t from = i;
    while (i < json.size() && !worth_a_look[static_cast<unsigned char>(json[i])])
      ++i;
    out.append(json.substr(from, i - from));
    if (i == json.size()) break;
    const char c = json[i];
    if (c == '\\') {
      i += take_escape(json, i, out);
      continue;
    }
    const char *escape = nullptr;
    if (const std::size_t length = special(json, i, escape, scratch)) {
      out += escape;
      i += length;
      continue;
    }
    out += c;
    ++i;
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == '{' || c == '[')) out += '\n';
  }
  return out;
}

std::optional<std::size_t> first_in_metadata(std::string_view json) {
  constexpr std::string_view blanks = " \t\r\n", key = "\"metadata\"";
  const auto past_blanks = [&](std::size_t at) { return std::min(json.find_first_not_of(blanks, at), json.size()); };
  int depth = 0;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c != '"') continue;
    const std::size_t quote = i;
    for (++i; i < json.size() && json[i] != '"'; ++i)
      if (json[i] == '\\') ++i;
    if (depth != 1 || json.substr(quote, i + 1 - quote) != key) continue;
    const std::size_t colon = past_blanks(i + 1); // what follows a value is a comma
    if (json.substr(colon, 1) != ":") continue;
    const std::size_t object = past_blanks(colon + 1);
    if (json.substr(object, 1) != "{") return std::nullopt;
    const std::size_t first = past_blanks(object + 1);
    if (json.substr(first, 1) != "\"") return std::nullopt;
    return first;
  }
  return std::nullopt;
}

} // namespace ksail::kubernetes
