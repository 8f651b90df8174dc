// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/object_text.hpp"

#include "manifests/scalar.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string_view>

namespace ksail::kubernetes {

using nlohmann::json;

namespace {

bool is_plain(std::string_view text) {
  if (text.empty()) return false;
  constexpr std::string_view never_first = "!&*-?:,[]{}#|>@`\"'%=<~ ";
  const bool dash = text.front() == '-' && text.size() > 1 && text[1] != ' ' && text[1] != '-';
  if (never_first.find(text.front()) != std::string_view::npos && !dash) return false;
  if (text.back() == ' ' || text.back() == ':') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c >= 0x7f) return false;
    if (text[i] == ':' && i + 1 < text.size() && text[i + 1] == ' ') return false;
    if (text[i] == '#' && i > 0 && text[i - 1] == ' ') return false;
  }
  return manifests::resolve(text, manifests::Rules::kubectl).type == manifests::ScalarType::string;
}

std::string quoted(const std::string &text) {
  // A JSON string is a double-quoted YAML one, as long as everything beyond ASCII is left as it is.
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string scalar(const json &value) {
  if (!value.is_string()) return value.dump();
  const auto &text = value.get_ref<const std::string &>();
  return is_plain(text) ? text : quoted(text);
}

bool is_literal(const std::string &text) {
  if (text.find('\n') == std::string::npos || text.front() == ' ' || text.front() == '\n') return false;
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
  });
}

void literal(const std::string &text, std::size_t indent, std::string &out) {
  const auto last = text.find_last_not_of('\n');
  const std::size_t newlines = text.size() - last - 1;
  out += newlines == 0 ? "|-\n" : newlines == 1 ? "|\n" : "|+\n";
  std::string_view rest(text);
  if (newlines > 0) rest.remove_suffix(1); // the last one ends the last line
  for (;;) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    if (!line.empty()) out.append(indent, ' ').append(line);
    out += '\n';
    if (end == std::string_view::npos) return;
    rest.remove_prefix(end + 1);
  }
}

void write(const json &value, std::size_t indent, std::string &out);

/// What stands behind "key:" or "- ".
void write_value(const json &value, std::size_t indent, std::string &out) {
  if (value.is_structured() && !value.empty()) {
    out += '\n';
    write(value, indent, out);
  } else if (value.is_structured()) {
    out += value.is_array() ? " []\n" : " {}\n";
  } else if (value.is_string() && is_literal(value.get_ref<const std::string &>())) {
    out += ' ';
    literal(value.get_ref<const std::string &>(), std::max<std::size_t>(indent, 2), out);
  } else {
    out += ' ' + scalar(value) + '\n';
  }
}

void write(const json &value, std::size_t indent, std::string &out) {
  if (value.is_object() && !value.empty()) {
    for (const auto &[key, member] : value.items()) {
      out.append(indent, ' ').append(is_plain(key) ? key : quoted(key)).append(":");
      // kubectl writes lists at the level of their key.
      write_value(member, member.is_array() ? indent : indent + 2, out);
    }
  } else if (value.is_array() && !value.empty()) {
    for (const auto &member : value) {
      std::string item;
      if (member.is_structured() && !member.empty()) {
        write(member, indent + 2, item);
        item.replace(0, indent + 2, std::string(indent, ' ') + "- ");
      } else {
        item.append(indent, ' ').append("-");
        write_value(member, indent + 2, item);
      }
      out += item;
    }
  } else {
    out += (value.is_array() ? "[]" : value.is_object() ? "{}" : scalar(value)) + "\n";
  }
}

} // namespace

std::string yaml_text(const json &value) {
  std::string out;
  write(value, 0, out);
  return out;
}

} // namespace ksail::kubernetes
