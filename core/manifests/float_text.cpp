// SPDX-License-Identifier: Apache-2.0
#include "manifests/float_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace ksail::manifests {
namespace {

/// Digits and decimal exponent of the shortest representation.
struct Decimal {
  bool negative = false;
  std::string digits;
  int exponent = 0; ///< of the first digit
};

template <class F> Decimal shortest(F value) {
  std::array<char, 64> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific).ptr;
  std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  Decimal result;
  if (text[0] == '-') {
    result.negative = true;
    text.remove_prefix(1);
  }
  const auto e = text.find('e');
  for (const char c : text.substr(0, e)) {
    if (c != '.') {
      result.digits += c;
    }
  }
  auto exponent = text.substr(e + 1);
  if (exponent[0] == '+') {
    exponent.remove_prefix(1);
  }
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), result.exponent);
  return result;
}

std::string fixed(const Decimal &d) {
  std::string out = d.negative ? "-" : "";
  if (d.exponent < 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-d.exponent - 1), '0');
    return out + d.digits;
  }
  const auto whole = static_cast<std::size_t>(d.exponent) + 1;
  if (d.digits.size() <= whole) {
    out += d.digits;
    out.append(whole - d.digits.size(), '0');
    return out;
  }
  return out + d.digits.substr(0, whole) + "." + d.digits.substr(whole);
}

std::string with_exponent(const Decimal &d, bool two_digits) {
  std::string out = d.negative ? "-" : "";
  out += d.digits[0];
  if (d.digits.size() > 1) {
    out += "." + d.digits.substr(1);
  }
  const int e = d.exponent < 0 ? -d.exponent : d.exponent;
  out += d.exponent < 0 ? "e-" : "e+";
  if (e < 10 && two_digits) {
    out += '0';
  }
  return out + std::to_string(e);
}

/// Go's shortest 'g' form: an exponent from a million on, and below 1e-4.
template <class F> std::string general(F value) {
  if (value == 0) {
    return std::signbit(value) ? "-0" : "0";
  }
  const Decimal d = shortest(value);
  return d.exponent < -4 || d.exponent >= 6 ? with_exponent(d, true) : fixed(d);
}

} // namespace

std::string format_json_float(double value) {
  if (value == 0) {
    return std::signbit(value) ? "-0" : "0";
  }
  const Decimal d = shortest(value);
  return std::fabs(value) < 1e-6 || std::fabs(value) >= 1e21 ? with_exponent(d, false) : fixed(d);
}

std::string format_float(double value) { return general(value); }

std::string format_key_float(double value) {
  const auto narrow = static_cast<float>(value);
  if (std::isnan(value)) {
    return ".nan";
  }
  if (std::isinf(narrow)) {
    return narrow < 0 ? "-.inf" : ".inf";
  }
  return general(narrow);
}

} // namespace ksail::manifests
