// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/kubeconfig_edit.hpp"

#include "kubernetes/yaml_tree.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <vector>

namespace ksail::kubernetes {

namespace {

constexpr std::array<std::string_view, 3> lists{"clusters", "contexts", "users"};
constexpr std::string_view current = "current-context";

/// What to do with one list: entries that come in, and names that go.
struct Change {
  std::vector<YamlNode> put; ///< mappings with a name
  std::string drop;
};

struct Changes {
  std::array<Change, lists.size()> of_list;
  std::optional<std::string> make_current;
};

struct Splice {
  std::size_t begin, end;
  std::string text;
  std::size_t order = 0; ///< among those that begin at the same place
};

std::string name_of(const YamlNode &entry) { return entry.text("name"); }

bool is_list(const YamlNode *node) { return node && node->is_sequence(); }

/// The change on the tree: what the text must mean afterwards.
void change_tree(YamlNode &root, const Changes &changes) {
  for (std::size_t l = 0; l < lists.size(); ++l) {
    const Change &change = changes.of_list[l];
    if (change.put.empty() && change.drop.empty()) continue;
    YamlNode *list = root.field(lists[l]);
    if (!is_list(list)) {
      if (change.put.empty()) continue;
      root.set(lists[l], YamlNode::sequence());
      list = root.field(lists[l]);
    }
    auto &items = list->items;
    if (!change.drop.empty())
      items.erase(std::remove_if(items.begin(), items.end(), [&](const auto &i) { return name_of(i) == change.drop; }),
                  items.end());
    for (const auto &entry : change.put) {
      const auto same = [&](const YamlNode &i) { return name_of(i) == name_of(entry); };
      const auto first = std::find_if(items.begin(), items.end(), same);
      if (first == items.end()) {
        items.push_back(entry);
        continue;
      }
      *first = entry;
      items.erase(std::remove_if(first + 1, items.end(), same),
                  items.end()); // kubectl refuses a file with a name twice
    }
  }
  if (changes.make_current) root.set(current, YamlNode::string(*changes.make_current));
}

std::size_t line_start(std::string_view text, std::size_t at) {
  const auto newline = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  return newline == std::string_view::npos ? 0 : newline + 1;
}

/// Behind the line `at` is on; `at` itself when it stands at the start of a line (a block scalar ends there).
std::size_t line_end(std::string_view text, std::size_t at) {
  if (at > 0 && text[at - 1] == '\n') return at;
  const auto newline = text.find('\n', at);
  return newline == std::string_view::npos ? text.size() : newline + 1;
}

/// Offset of the dash of each item of a block list, or nothing when one is not at the start of a line of its own.
std::optional<std::vector<std::size_t>> dashes(std::string_view text, const YamlNode &list) {
  std::vector<std::size_t> found;
  std::size_t from = line_start(text, list.begin);
  for (const auto &item : list.items) {
    std::optional<std::size_t> dash;
    for (std::size_t line = from; line <= item.begin && line < text.size(); line = line_end(text, line + 1)) {
      const auto first = text.find_first_not_of(' ', line);
      if (first != std::string_view::npos && text[first] == '-' && first < item.begin) {
        dash = first;
        break;
      }
    }
    if (!dash || item.alias) return std::nullopt;
    found.push_back(*dash);
    from = line_end(text, content_end(item));
  }
  return found;
}

std::string indented_entry(const YamlNode &entry, std::size_t indent) {
  YamlNode one = YamlNode::sequence();
  one.items.push_back(entry);
  return emit_yaml(one, indent);
}

class Splicer {
public:
  Splicer(std::string_view text, const YamlNode &root) : text_(text), root_(root) {}

  /// The changed text, or nothing when this file is not laid out in a way that can be cut.
  std::optional<std::string> apply(const Changes &changes) {
    if (root_.flow || root_.alias || root_.items.empty()) return std::nullopt;
    for (std::size_t l = 0; l < lists.size(); ++l)
      if (!list(lists[l], changes.of_list[l])) return std::nullopt;
    if (changes.make_current) set_current(*changes.make_current);
    if (!tail_.empty()) {
      const auto end = line_end(text_, content_end(root_));
      add(end, end, tail_);
    }
    return spliced();
  }

private:
  void add(std::size_t begin, std::size_t end, std::string text) {
    // What is put behind a last line that has no newline needs one, once.
    if (!text.empty() && begin > 0 && begin == text_.size() && text_[begin - 1] != '\n' && !closed_) {
      text.insert(0, "\n");
      closed_ = true;
    }
    splices_.push_back({begin, end, std::move(text)});
  }

  bool list(std::string_view key, const Change &change) {
    if (change.put.empty() && change.drop.empty()) return true;
    const YamlNode *node = root_.field(key);
    const std::size_t margin = root_.column - 1;
    if (!node) {
      if (change.put.empty()) return true;
      tail_ += std::string(margin, ' ') + std::string(key) + ":\n";
      for (const auto &entry : change.put)
        tail_ += indented_entry(entry, margin);
      return true;
    }
    if (node->is_null() || (node->is_sequence() && node->items.empty())) {
      if (change.put.empty()) return true;
      std::string text = "\n";
      for (const auto &entry : change.put)
        text += indented_entry(entry, margin);
      text.pop_back();
      splices_.push_back({node->begin, node->end, std::move(text)});
      return true;
    }
    if (!node->is_sequence() || node->flow || node->alias) return false;
    return items(*node, change);
  }

  bool items(const YamlNode &node, const Change &change) {
    const auto at = dashes(text_, node);
    if (!at) return false;
    const std::size_t margin = at->front() - line_start(text_, at->front());
    const auto range_end = [&](std::size_t i) { return line_end(text_, content_end(node.items[i])); };
    std::vector<bool> placed(change.put.size(), false);
    std::size_t left = node.items.size();
    std::string behind;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const std::string name = name_of(node.items[i]);
      const auto same = std::find_if(change.put.begin(), change.put.end(),
                                     [&](const YamlNode &entry) { return name_of(entry) == name; });
      const bool replaced = same != change.put.end();
      if (!replaced && (change.drop.empty() || name != change.drop)) continue;
      const std::size_t index = static_cast<std::size_t>(same - change.put.begin());
      if (replaced && !placed[index]) {
        placed[index] = true;
        add(line_start(text_, (*at)[i]), range_end(i), indented_entry(*same, margin));
      } else {
        add(line_start(text_, (*at)[i]), range_end(i), "");
        --left;
      }
    }
    for (std::size_t p = 0; p < change.put.size(); ++p)
      if (!placed[p]) behind += indented_entry(change.put[p], margin);
    const auto end = range_end(node.items.size() - 1);
    if (!behind.empty())
      add(end, end, behind);
    else if (left == 0)
      return empty_out(node);
    return true;
  }

  /// A list whose last entry goes: `key: []`, so that it stays a list.
  bool empty_out(const YamlNode &node) {
    for (std::size_t i = 0; i + 1 < root_.items.size(); i += 2) {
      if (&root_.items[i + 1] != &node) continue;
      const auto colon = text_.find(':', root_.items[i].end);
      if (colon == std::string_view::npos || colon >= node.begin) return false;
      splices_.push_back({colon + 1, colon + 1, " []"});
      return true;
    }
    return false;
  }

  void set_current(const std::string &name) {
    const std::string quoted = emit_yaml(YamlNode::string(name), 0);
    const std::string text = quoted.substr(0, quoted.size() - 1);
    if (const YamlNode *node = root_.field(current)) {
      const bool glued = node->begin > 0 && text_[node->begin - 1] == ':';
      splices_.push_back({node->begin, node->end, (glued ? " " : "") + text});
    } else {
      tail_ += std::string(root_.column - 1, ' ') + std::string(current) + ": " + text + "\n";
    }
  }

  std::string spliced() {
    for (std::size_t i = 0; i < splices_.size(); ++i)
      splices_[i].order = i;
    std::sort(splices_.begin(), splices_.end(),
              [](const Splice &a, const Splice &b) { return std::tie(a.begin, a.order) < std::tie(b.begin, b.order); });
    std::string out;
    std::size_t at = 0;
    for (const auto &splice : splices_) {
      out += text_.substr(at, splice.begin - std::min(at, splice.begin));
      out += splice.text;
      at = std::max(at, splice.end);
    }
    out += text_.substr(at);
    return out;
  }

  std::string_view text_;
  const YamlNode &root_;
  std::vector<Splice> splices_;
  bool closed_ = false;
  std::string tail_; ///< keys that were not there, behind everything
};

bool means(const std::string &text, const YamlNode &expected, const std::string &file) {
  auto parsed = parse_yaml_tree(text, file);
  return parsed && *parsed && same_meaning(**parsed, expected);
}

Result<std::string> change_text(std::string_view text, const Changes &changes, const std::string &file) {
  auto parsed = parse_yaml_tree(text, file);
  if (!parsed) return parsed.error();
  const bool nothing = !*parsed || (*parsed)->is_null();
  if (!nothing && !(*parsed)->is_mapping())
    return Error(Code::config, file + ":1:1: this is not a kubeconfig: a mapping was expected",
                 "choose another file with --kubeconfig, or move this one away");
  YamlNode expected = nothing ? YamlNode::mapping() : **parsed;
  if (nothing) {
    YamlNode word;
    word.value = "v1";
    expected.set("apiVersion", word);
    word.value = "Config";
    expected.set("kind", word);
  }
  change_tree(expected, changes);
  if (!nothing) {
    // Cutting is checked by reading the result; whatever layout it cannot cope with is written anew instead.
    const auto cut = Splicer(text, **parsed).apply(changes);
    if (cut && means(*cut, expected, file)) return *cut;
  }
  std::string anew = emit_yaml(expected, 0);
  if (nothing && text.find('#') != std::string_view::npos && text.find("---") == std::string_view::npos) {
    std::string commented = std::string(text) + (text.ends_with('\n') ? "" : "\n") + anew;
    if (means(commented, expected, file)) return commented;
  }
  if (means(anew, expected, file)) return anew;
  return Error(Code::config, file + ": this kubeconfig is written in a way that cannot be edited safely",
               "`kubectl config view --raw --flatten` writes it in a plain form");
}

} // namespace

Result<std::string> with_entries(std::string_view text, std::string_view incoming, const std::string &file) {
  auto parsed = parse_yaml_tree(incoming, "new kubeconfig");
  if (!parsed) return parsed.error();
  if (!*parsed || !(*parsed)->is_mapping()) return Error(Code::internal, "the new kubeconfig has no content");
  Changes changes;
  for (std::size_t l = 0; l < lists.size(); ++l) {
    const YamlNode *list = (*parsed)->field(lists[l]);
    if (!is_list(list)) continue;
    for (const auto &entry : list->items)
      if (!name_of(entry).empty()) changes.of_list[l].put.push_back(entry);
  }
  if (const std::string name = (*parsed)->text(current); !name.empty()) changes.make_current = name;
  return change_text(text, changes, file);
}

Result<std::string> without_entries(std::string_view text, std::string_view name, const std::string &file) {
  auto parsed = parse_yaml_tree(text, file);
  if (!parsed) return parsed.error();
  if (!*parsed || !(*parsed)->is_mapping()) return std::string(text);
  const YamlNode &root = **parsed;
  bool found = root.text(current) == name;
  Changes changes;
  for (std::size_t l = 0; l < lists.size(); ++l) {
    changes.of_list[l].drop = std::string(name);
    if (const YamlNode *list = root.field(lists[l]); is_list(list))
      found = found || std::any_of(list->items.begin(), list->items.end(),
                                   [&](const YamlNode &entry) { return name_of(entry) == name; });
  }
  if (!found) return std::string(text);
  if (root.text(current) == name) changes.make_current = "";
  return change_text(text, changes, file);
}

} // namespace ksail::kubernetes
