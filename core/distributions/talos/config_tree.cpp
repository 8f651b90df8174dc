// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/config_tree.hpp"

#include "manifests/scalar.hpp"

#include <algorithm>

namespace ksail::talos {

namespace {

/// Whether a plain scalar of this text is this string for every reader.
bool may_stand_plain(std::string_view value) {
  if (value.empty()) return false;
  const auto plain_character = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == '/' || c == '=' || c == '+' || c == ':';
  };
  if (!std::all_of(value.begin(), value.end(), plain_character)) return false;
  const auto letter = [](unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (!letter(static_cast<unsigned char>(value.front()))) {
    // Addresses and versions begin with digits; what a reader might take for a number or a time is quoted.
    if (value.front() < '0' || value.front() > '9') return false;
    if (value.find_first_not_of("0123456789.:+-_eExX") == std::string_view::npos) return false;
  }
  if (value.back() == ':') return false;
  return manifests::resolve(value, manifests::Rules::kubectl).type == manifests::ScalarType::string;
}

YamlNode plain(std::string value) {
  YamlNode node;
  node.value = std::move(value);
  return node;
}

} // namespace

YamlNode text(std::string value) {
  return may_stand_plain(value) ? plain(std::move(value)) : YamlNode::string(std::move(value));
}
YamlNode boolean(bool value) { return plain(value ? "true" : "false"); }
YamlNode number(long long value) { return plain(std::to_string(value)); }

YamlNode texts(const std::vector<std::string> &values) {
  YamlNode node = YamlNode::sequence();
  for (const auto &value : values)
    node.items.push_back(text(value));
  return node;
}

YamlNode mapping(std::initializer_list<std::pair<const char *, YamlNode>> fields) {
  YamlNode node = YamlNode::mapping();
  for (const auto &[key, value] : fields) {
    node.items.push_back(text(key));
    node.items.push_back(value);
  }
  return node;
}

YamlNode sequence(std::initializer_list<YamlNode> items) {
  YamlNode node = YamlNode::sequence();
  node.items.assign(items.begin(), items.end());
  return node;
}

const YamlNode *find(const YamlNode &root, std::string_view path) {
  const YamlNode *node = &root;
  while (node && !path.empty()) {
    const auto dot = path.find('.');
    node = node->field(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return node;
}

YamlNode *find(YamlNode &root, std::string_view path) {
  return const_cast<YamlNode *>(find(static_cast<const YamlNode &>(root), path));
}

void set(YamlNode &root, std::string_view path, YamlNode value) {
  YamlNode *node = &root;
  for (;;) {
    if (!node->is_mapping()) *node = YamlNode::mapping();
    const auto dot = path.find('.');
    const auto key = path.substr(0, dot);
    if (dot == std::string_view::npos) {
      node->set(key, std::move(value));
      return;
    }
    if (!node->field(key)) node->set(key, YamlNode::mapping());
    node = node->field(key);
    path = path.substr(dot + 1);
  }
}

bool erase(YamlNode &mapping, std::string_view key) {
  if (!mapping.is_mapping()) return false;
  for (std::size_t i = 0; i + 1 < mapping.items.size(); i += 2) {
    if (!mapping.items[i].is_scalar() || mapping.items[i].value != key) continue;
    const auto first = mapping.items.begin() + static_cast<std::ptrdiff_t>(i);
    mapping.items.erase(first, first + 2);
    return true;
  }
  return false;
}

std::string to_yaml(const Documents &documents) {
  std::string out;
  for (const auto &document : documents) {
    if (!out.empty()) out += "---\n";
    out += kubernetes::emit_yaml(document, 0);
  }
  return out;
}

} // namespace ksail::talos
