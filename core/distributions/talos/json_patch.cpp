// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/json_patch.hpp"

#include "manifests/scalar.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace ksail::talos {

namespace {

/// RFC 6901: "/a/b~1c" is a, then b/c.
std::optional<std::vector<std::string>> parse_pointer(std::string_view text) {
  std::vector<std::string> parts;
  if (text.empty()) return parts;
  if (text.front() != '/') return std::nullopt;
  for (const char c : text) {
    if (c == '/')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  for (auto &part : parts) {
    std::string plain;
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (part[i] != '~') {
        plain += part[i];
        continue;
      }
      ++i;
      if (i == part.size() || (part[i] != '0' && part[i] != '1')) return std::nullopt;
      plain += part[i] == '0' ? '~' : '/';
    }
    part = std::move(plain);
  }
  return parts;
}

std::optional<std::size_t> index_of(const std::string &part, std::size_t limit) {
  std::size_t index = 0;
  const auto [end, failure] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (failure != std::errc() || end != part.data() + part.size() || index > limit) return std::nullopt;
  if (part.size() > 1 && part.front() == '0') return std::nullopt;
  return index;
}

YamlNode *child(YamlNode &node, const std::string &part) {
  if (node.is_mapping()) return node.field(part);
  if (!node.is_sequence() || node.items.empty()) return nullptr;
  const auto index = index_of(part, node.items.size() - 1);
  return index ? &node.items[*index] : nullptr;
}

YamlNode *walk(YamlNode &root, const std::vector<std::string> &parts, std::size_t count) {
  YamlNode *node = &root;
  for (std::size_t i = 0; i < count && node; ++i)
    node = child(*node, parts[i]);
  return node;
}

/// Equal as JSON: keys in any order, 1 and "1" different.
bool equal(const YamlNode &a, const YamlNode &b) {
  if (a.kind != b.kind) return false;
  if (a.is_scalar()) {
    const auto is_string = [](const YamlNode &n) {
      return !n.plain || manifests::resolve(n.value, manifests::Rules::kubectl).type == manifests::ScalarType::string;
    };
    return (a.is_null() && b.is_null()) || (a.value == b.value && is_string(a) == is_string(b));
  }
  if (a.items.size() != b.items.size()) return false;
  if (a.is_sequence()) return std::equal(a.items.begin(), a.items.end(), b.items.begin(), equal);
  for (std::size_t i = 0; i + 1 < a.items.size(); i += 2) {
    const YamlNode *other = b.field(a.items[i].value);
    if (!other || !equal(a.items[i + 1], *other)) return false;
  }
  return true;
}

class Operation {
public:
  Operation(YamlNode &root, const YamlNode &operation, const std::string &file)
      : root_(root), operation_(operation), file_(file), path_(operation.text("path")) {}

  Result<void> apply() {
    if (!operation_.is_mapping()) return wrong("an operation is a mapping with op and path");
    const std::string op = operation_.text("op");
    const auto to = parse_pointer(path_);
    if (!operation_.field("path") || !to) return wrong("path is not a JSON pointer such as /machine/type");
    const YamlNode *value = operation_.field("value");
    if ((op == "add" || op == "replace" || op == "test") && !value) return wrong(op + " needs a value");
    if (op == "add") return add(*to, *value);
    if (op == "remove") return remove(*to);
    if (op == "replace") {
      YamlNode *there = walk(root_, *to, to->size());
      if (!there) return missing();
      *there = *value;
      return {};
    }
    if (op == "test") {
      const YamlNode *there = walk(root_, *to, to->size());
      if (!there) return missing();
      if (!equal(*there, *value)) return wrong("the test failed: the value there is another");
      return {};
    }
    if (op != "move" && op != "copy") return wrong("'" + op + "' is none of add, remove, replace, move, copy, test");
    const auto from = parse_pointer(operation_.text("from"));
    if (!operation_.field("from") || !from) return wrong(op + " needs a from that is a JSON pointer");
    YamlNode *source = walk(root_, *from, from->size());
    if (!source) return wrong("there is nothing at " + operation_.text("from"));
    YamlNode moved = *source;
    if (op == "move") {
      if (from->size() <= to->size() && std::equal(from->begin(), from->end(), to->begin()) && *from != *to)
        return wrong("a value cannot be moved into itself");
      if (auto done = remove(*from); !done) return done;
    }
    return add(*to, std::move(moved));
  }

private:
  Error wrong(const std::string &what) const {
    const std::string where = path_.empty() ? std::string() : path_ + ": ";
    return Error(Code::config, file_ + ":" + std::to_string(operation_.line) + ": " + where + what,
                 "the configuration was left as it was");
  }
  Error missing() const { return wrong("there is nothing there"); }

  Result<void> add(const std::vector<std::string> &to, YamlNode value) {
    if (to.empty()) {
      root_ = std::move(value);
      return {};
    }
    YamlNode *parent = walk(root_, to, to.size() - 1);
    if (!parent || parent->is_scalar()) return wrong("its parent is not there, or holds nothing");
    const std::string &last = to.back();
    if (parent->is_mapping()) {
      if (parent->items.empty()) parent->flow = false;
      parent->set(last, std::move(value));
      return {};
    }
    const auto index = last == "-" ? std::optional(parent->items.size()) : index_of(last, parent->items.size());
    if (!index) return wrong("'" + last + "' is no index of a list of " + std::to_string(parent->items.size()));
    parent->items.insert(parent->items.begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
    return {};
  }

  Result<void> remove(const std::vector<std::string> &from) {
    if (from.empty()) return wrong("the whole document cannot be removed");
    YamlNode *parent = walk(root_, from, from.size() - 1);
    if (!parent || !child(*parent, from.back())) return missing();
    if (parent->is_mapping()) {
      erase(*parent, from.back());
    } else {
      const auto index = index_of(from.back(), parent->items.size() - 1);
      parent->items.erase(parent->items.begin() + static_cast<std::ptrdiff_t>(*index));
    }
    return {};
  }

  YamlNode &root_;
  const YamlNode &operation_;
  const std::string &file_;
  std::string path_;
};

} // namespace

Result<void> apply_json_patch(YamlNode &document, const YamlNode &operations, const std::string &file) {
  for (const auto &operation : operations.items)
    if (auto done = Operation(document, operation, file).apply(); !done) return done;
  return {};
}

} // namespace ksail::talos
