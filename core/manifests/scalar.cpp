// SPDX-License-Identifier: Apache-2.0
#include "manifests/scalar.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace ksail::manifests {
namespace {

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const auto word : words) {
    if (word == text) {
      return true;
    }
  }
  return false;
}

/// Go's ParseInt/ParseUint with base 0: optional sign, then 0x, 0o, 0b, a leading 0 for octal, or decimal.
bool parse_integer(std::string_view text, Scalar &out) {
  bool negative = false;
  const bool is_signed = !text.empty() && (text[0] == '+' || text[0] == '-');
  if (is_signed) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  int base = 10;
  if (text.size() > 2 && text[0] == '0') {
    const char c = static_cast<char>(text[1] | 0x20);
    base = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 10;
    if (base != 10) {
      text.remove_prefix(2);
    }
  }
  if (base == 10 && text.size() > 1 && text[0] == '0') {
    base = 8;
    text.remove_prefix(1);
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    return false;
  }
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (negative) {
    if (value > kMax + 1) {
      return false;
    }
    out.type = ScalarType::integer;
    out.integer = static_cast<std::int64_t>(~value + 1);
    return true;
  }
  if (value <= kMax) {
    out.type = ScalarType::integer;
    out.integer = static_cast<std::int64_t>(value);
    return true;
  }
  if (is_signed) {
    return false; // an unsigned number takes no sign
  }
  out.type = ScalarType::unsigned_integer;
  out.unsigned_integer = value;
  return true;
}

/// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool looks_like_float(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t from = i;
    while (i < text.size() && is_digit(text[i])) {
      ++i;
    }
    return i - from;
  };
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) {
    ++i;
  }
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (digits() == 0) {
      return false;
    }
  } else {
    if (digits() == 0) {
      return false;
    }
    if (i < text.size() && text[i] == '.') {
      ++i;
      digits();
    }
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) {
      ++i;
    }
    if (digits() == 0) {
      return false;
    }
  }
  return i == text.size();
}

bool parse_float(std::string_view text, Scalar &out) {
  if (!looks_like_float(text)) {
    return false;
  }
  if (text[0] == '+') {
    text.remove_prefix(1);
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    // Too large stays a string, as Go's parser reports an error; too small becomes (signed) zero or a denormal.
    const std::string copy(text);
    value = std::strtod(copy.c_str(), nullptr);
    if (std::isinf(value)) {
      return false;
    }
  } else if (error != std::errc{} || end != text.data() + text.size()) {
    return false;
  }
  out.type = ScalarType::floating;
  out.floating = value;
  return true;
}

struct TimestampReader {
  std::string_view rest;
  bool number(std::size_t min, std::size_t max, int &value) {
    std::size_t n = 0;
    value = 0;
    while (n < max && n < rest.size() && is_digit(rest[n])) {
      value = value * 10 + (rest[n] - '0');
      ++n;
    }
    rest.remove_prefix(n);
    return n >= min;
  }
  bool literal(char c) {
    if (rest.empty() || rest[0] != c) {
      return false;
    }
    rest.remove_prefix(1);
    return true;
  }
};

bool is_timestamp_start(std::string_view text) {
  return text.size() > 5 && is_digit(text[0]) && is_digit(text[1]) && is_digit(text[2]) && is_digit(text[3]) &&
         text[4] == '-';
}

std::string two(int value) { return {static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)}; }

} // namespace

std::optional<std::string> timestamp_to_rfc3339(std::string_view text) {
  if (!is_timestamp_start(text)) {
    return std::nullopt;
  }
  TimestampReader in{text};
  int year = 0;
  int month = 0;
  int day = 0;
  if (!in.number(4, 4, year) || !in.literal('-') || !in.number(1, 2, month) || !in.literal('-') ||
      !in.number(1, 2, day)) {
    return std::nullopt;
  }
  constexpr std::array<int, 13> kDays{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  if (month < 1 || month > 12 || day < 1 ||
      day > kDays[static_cast<std::size_t>(month)] + (month == 2 && leap ? 1 : 0)) {
    return std::nullopt;
  }
  std::string out(text.substr(0, 4));
  out += "-" + two(month) + "-" + two(day) + "T";
  if (in.rest.empty()) {
    return out + "00:00:00Z";
  }
  const char separator = in.rest[0];
  if (separator != 'T' && separator != 't' && separator != ' ') {
    return std::nullopt;
  }
  in.rest.remove_prefix(1);
  int hour = 0;
  int minute = 0;
  int second = 0;

  if (!in.number(1, 2, hour) || !in.literal(':') || !in.number(1, 2, minute) || !in.literal(':') ||
      !in.number(1, 2, second) || hour > 23 || minute > 59 || second > 59) {
    return std::nullopt;
  }
  out += two(hour) + ":" + two(minute) + ":" + two(second);
  if (in.rest.size() > 1 && (in.rest[0] == '.' || in.rest[0] == ',') && is_digit(in.rest[1])) {
    std::size_t n = 1;
    while (n < in.rest.size() && is_digit(in.rest[n])) {
      ++n;
    }
    std::string fraction(in.rest.substr(1, n > 10 ? 9 : n - 1));
    in.rest.remove_prefix(n);
    while (!fraction.empty() && fraction.back() == '0') {
      fraction.pop_back();
    }
    if (!fraction.empty()) {
      out += "." + fraction;
    }
  }
  if (separator == ' ') {
    return in.rest.empty() ? std::optional(out + "Z") : std::nullopt;
  }
  if (in.rest == "Z") {
    return out + "Z";
  }
  if (in.rest.size() != 6 || (in.rest[0] != '+' && in.rest[0] != '-') || in.rest[3] != ':' || !is_digit(in.rest[1]) ||
      !is_digit(in.rest[2]) || !is_digit(in.rest[4]) || !is_digit(in.rest[5])) {
    return std::nullopt;
  }
  const int zone_hours = (in.rest[1] - '0') * 10 + in.rest[2] - '0';
  const int zone_minutes = (in.rest[4] - '0') * 10 + in.rest[5] - '0';
  if (zone_hours > 24 || zone_minutes > 60) {
    return std::nullopt;
  }
  if (zone_hours == 0 && zone_minutes == 0) {
    return out + "Z";
  }
  return out + std::string(in.rest);
}

std::optional<std::int64_t> parse_decimal(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) {
    text.remove_prefix(1);
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

Scalar resolve(std::string_view text, Rules rules) {
  Scalar out;
  if (text.empty()) {
    out.type = ScalarType::null;
    return out;
  }
  const char first = text[0];
  const bool numeric = is_digit(first) || first == '+' || first == '-' || first == '.';
  if (!numeric && std::string_view("yYnNtTfFoO~<").find(first) == std::string_view::npos) {
    return out;
  }
  if (text.size() <= 5) {
    if (one_of(text, {"~", "null", "Null", "NULL"})) {
      out.type = ScalarType::null;
      return out;
    }
    const bool yes = one_of(text, {"true", "True", "TRUE"}) ||
                     (rules == Rules::kubectl && one_of(text, {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"}));
    const bool no =
        !yes && (one_of(text, {"false", "False", "FALSE"}) ||
                 (rules == Rules::kubectl && one_of(text, {"n", "N", "no", "No", "NO", "off", "Off", "OFF"})));
    if (yes || no) {
      out.type = ScalarType::boolean;
      out.boolean = yes;
      return out;
    }
    if (one_of(text, {".nan", ".NaN", ".NAN"})) {
      out.type = ScalarType::floating;
      out.floating = std::numeric_limits<double>::quiet_NaN();
      return out;
    }
    if (one_of(text, {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"})) {
      out.type = ScalarType::floating;
      out.floating = first == '-' ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
      return out;
    }
  }
  if (!numeric) {
    return out;
  }
  if (first == '.') {
    parse_float(text, out);
    return out;
  }
  if (is_timestamp_start(text) && timestamp_to_rfc3339(text)) {
    out.type = ScalarType::timestamp;
    return out;
  }
  std::string without;
  if (text.find('_') != std::string_view::npos) {
    for (const char c : text) {
      if (c != '_') {
        without += c;
      }
    }
    text = without;
  }
  if (!parse_integer(text, out)) {
    parse_float(text, out);
  }
  return out;
}

std::optional<Scalar> resolve(const Node &scalar, Rules rules) {
  Scalar out;
  switch (scalar.tag) {
  case Tag::none:
    // kustomize writes YAML before it writes JSON, and nothing between brackets it writes as ''.
    if (scalar.style == Style::plain && !(scalar.left_out && rules == Rules::kustomize)) {
      return resolve(scalar.text(), rules);
    }
    return out;
  case Tag::str:
  case Tag::binary:
  case Tag::other:
    return out;
  case Tag::merge:
    out.type = ScalarType::merge;
    return out;
  case Tag::null:
  case Tag::boolean:
  case Tag::integer:
  case Tag::floating:
  case Tag::timestamp:
    break;
  }
  out = resolve(scalar.text(), rules);
  switch (scalar.tag) {
  case Tag::null:
    return out.type == ScalarType::null ? std::optional(out) : std::nullopt;
  case Tag::boolean:
    return out.type == ScalarType::boolean ? std::optional(out) : std::nullopt;
  case Tag::integer:
    return out.type == ScalarType::integer || out.type == ScalarType::unsigned_integer ? std::optional(out)
                                                                                       : std::nullopt;
  case Tag::floating:
    if (out.type == ScalarType::integer) {
      out.type = ScalarType::floating;
      out.floating = static_cast<double>(out.integer);
    }
    return out.type == ScalarType::floating ? std::optional(out) : std::nullopt;
  default:
    return out.type == ScalarType::timestamp ? std::optional(out) : std::nullopt;
  }
}

} // namespace ksail::manifests
