// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/folded_text.hpp"

#include "manifests/yaml_parser.hpp"

#include <string>
#include <string_view>

namespace ksail::manifests::kustomize {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// Whether the writer has a folded style for it at all; else it takes double quotes, which lose nothing.
bool can_be_folded(std::string_view text) {
  if (text.empty() || text.back() == ' ' || text.find(" \n") != std::string_view::npos) {
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = [&](std::size_t offset) {
      return i + offset < text.size() ? static_cast<unsigned char>(text[i + offset]) : 0U;
    };
    const auto c = byte(0);
    const bool control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7F || (c == 0xC2 && byte(1) < 0xA0);
    const bool mark = c == 0xEF && ((byte(1) == 0xBB && byte(2) == 0xBF) || (byte(1) == 0xBF && byte(2) >= 0xBE));
    const bool separator = c == 0xE2 && byte(1) == 0x80 && (byte(2) == 0xA8 || byte(2) == 0xA9); // lines for YAML
    if (control || mark || separator || c >= 0xF0) {
      return false;
    }
  }
  return true;
}

/// As the writer has it, below a key.
std::string written(std::string_view text) {
  std::string out = "t: >";
  if (text.front() == ' ' || text.front() == '\n') {
    out += '2';
  }
  if (text.back() != '\n') {
    out += '-';
  } else if (text.size() == 1 || text[text.size() - 2] == '\n') {
    out += '+';
  }
  out += '\n';
  // Its flaw: what decides about the second line break is the first character of the text, not the one that follows.
  const auto first = text.find_first_not_of('\n');
  const bool doubles = first != std::string_view::npos && !is_blank(text[first]);
  bool breaks = true;
  bool leading_spaces = true;
  for (const char c : text) {
    if (c == '\n') {
      if (!breaks && !leading_spaces && doubles) {
        out += '\n';
      }
      out += '\n';
      breaks = true;
      continue;
    }
    if (breaks) {
      out += "  ";
      leading_spaces = is_blank(c);
    }
    out += c;
    breaks = false;
  }
  if (!breaks) {
    out += '\n';
  }
  return out;
}

} // namespace

void settle_folded_texts(Arena &arena, Node &root) {
  if (!root.is_scalar()) {
    for (Node *child : root.children()) {
      settle_folded_texts(arena, *child);
    }
    return;
  }
  const auto inner = root.text().find('\n');
  if (root.style != Style::folded || inner == std::string_view::npos || inner + 1 == root.size ||
      !can_be_folded(root.text())) {
    return;
  }
  const std::string text = written(root.text());
  YamlParser parser(text);
  Arena read;
  Node *map = nullptr;
  if (parser.next(read, map) || map == nullptr || map->find("t") == nullptr) {
    return;
  }
  const auto again = arena.copy(map->find("t")->text());
  root.chars = again.data();
  root.size = static_cast<std::uint32_t>(again.size());
  root.style = Style::literal; // once, wherever else the node stands
}

} // namespace ksail::manifests::kustomize
