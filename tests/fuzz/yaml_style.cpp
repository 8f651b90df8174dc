// SPDX-License-Identifier: Apache-2.0
#include "yaml_style.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace ksail::fuzz {
namespace {

bool is_plain(const std::string &text) {
  const auto first = text.empty() ? '\0' : text.front();
  return std::isalpha(static_cast<unsigned char>(first)) != 0 && text.back() != ':' && text.back() != ' ' &&
         text.find(": ") == text.npos && text.find(" #") == text.npos &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 ||
                  std::string_view("-_./: =%").find(static_cast<char>(c)) != std::string_view::npos;
         });
}

class Style {
public:
  Style(Random &random, Comments comments) : random_(random), comments_(comments) {}
  std::string out;

  void block(const Json &value, std::size_t indent, bool flow_too = true) {
    if (value.is_object() && !value.empty() && !(flow_too && random_.percent(4))) {
      for (const auto &[key, item] : value.items()) {
        if (random_.percent(1)) {
          pad(indent);
          out += "# about " + key + "\n";
        }
        pad(indent);
        out += scalar(key, true) + ":";
        child(item, indent);
      }
    } else if (value.is_array() && !value.empty() && !(flow_too && random_.percent(4))) {
      for (const auto &item : value) {
        pad(indent);
        out += "-";
        if ((item.is_object() || item.is_array()) && !item.empty() && !random_.percent(6)) {
          Style inner(random_, comments_);
          inner.block(item, indent + 2);
          const auto start = inner.out.find_first_not_of(' ');
          if (start == indent + 2 && inner.out[start] != '#') {
            out += " " + inner.out.substr(start);
            continue;
          }
          out += "\n" + inner.out;
          continue;
        }
        child(item, indent);
      }
    } else {
      pad(indent);
      flow(value);
      out += "\n";
    }
  }

private:
  void pad(std::size_t indent) { out.append(indent, ' '); }

  void child(const Json &item, std::size_t indent) {
    if ((item.is_object() || item.is_array()) && !item.empty() && !random_.percent(8)) {
      const bool comment = random_.percent(1) && comments_ == Comments::everywhere;
      out += comment ? " # nested\n" : "\n";
      const std::size_t deeper = item.is_array() && random_.percent(50) ? 0 : 2;
      block(item, indent + deeper, deeper > 0); // a flow list has to stand further in than its key
      return;
    }
    if (item.is_string() && literal(item.get_ref<const std::string &>(), indent)) {
      return;
    }
    out += " ";
    flow(item);
    out += random_.percent(1) ? " # end\n" : "\n";
  }

  /// Texts of several lines as a block scalar, if they can be.
  bool literal(const std::string &text, std::size_t indent) {
    if (text.find('\n') == text.npos || text.front() == ' ' || text.front() == '\n' || text.find('\t') != text.npos ||
        text.find("\n\n") != text.npos || text.find('\r') != text.npos || random_.percent(25)) {
      return false;
    }
    const bool ends = text.back() == '\n';
    out += ends ? " |\n" : " |-\n";
    for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find('\n', at), text.size());
      pad(indent + 2);
      out += text.substr(at, end - at) + "\n";
      at = end + 1;
    }
    return true;
  }

  void flow(const Json &value) {
    if (value.is_object()) {
      out += "{";
      for (bool first = true; const auto &[key, item] : value.items()) {
        out += (first ? "" : ", ") + scalar(key, true) + ": ";
        if (!item.is_null() || random_.percent(80)) {
          flow(item);
        }
        first = false;
      }
      out += "}";
    } else if (value.is_array()) {
      out += "[";
      for (bool first = true; const auto &item : value) {
        out += first ? "" : ", ";
        flow(item);
        first = false;
      }
      out += "]";
    } else if (value.is_string()) {
      out += scalar(value.get_ref<const std::string &>(), false);
    } else if (value.is_null()) {
      out += random_.percent(80) ? "null" : "~";
    } else {
      out += value.dump();
    }
  }

  std::string scalar(const std::string &text, bool key) {
    if (!text.empty() && text.front() == kRaw) {
      return text.substr(1);
    }
    static const std::set<std::string_view> others = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "N"};
    if (is_plain(text) && !random_.percent(others.contains(text) ? 100 : key ? 2 : 8)) {
      return text;
    }
    const bool single = text.find_first_of("'\n\t\r\x01\x7f") == text.npos && random_.percent(50);
    return single ? "'" + text + "'" : Json(text).dump();
  }

  Random &random_;
  const Comments comments_;
};

} // namespace

std::string to_yaml(Random &random, const Json &value, Comments comments) {
  Style style(random, comments);
  style.block(value, 0);
  return style.out;
}

} // namespace ksail::fuzz
