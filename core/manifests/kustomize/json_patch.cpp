// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/json_patch.hpp"

#include "manifests/float_text.hpp"
#include "manifests/json.hpp"
#include "manifests/kustomize/folded_text.hpp"
#include "manifests/kustomize/node_edit.hpp"
#include "manifests/kustomize/shape.hpp"
#include "manifests/kustomize/string_keys.hpp"
#include "manifests/yaml_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace ksail::manifests::kustomize {
namespace {

using Pointer = std::vector<std::string>;

Error failed(const std::string &operation, const std::string &path, const std::string &why) {
  return {Code::config, "the operation " + operation + " of a JSON patch on " + path + ": " + why};
}

/// What stands before the first slash is ignored; without any slash there is no path but the empty one.
std::optional<Pointer> parse_pointer(std::string_view text) {
  Pointer parts;
  if (!text.empty()) {
    const auto slash = text.find('/');
    if (slash == text.npos) {
      return std::nullopt;
    }
    text.remove_prefix(slash);
  }
  while (text.starts_with('/')) {
    const auto next = text.find('/', 1);
    std::string part;
    const auto raw = text.substr(1, next == text.npos ? text.npos : next - 1);
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] == '~' && i + 1 < raw.size() && (raw[i + 1] == '0' || raw[i + 1] == '1')) {
        part += raw[++i] == '0' ? '~' : '/';
      } else {
        part += raw[i];
      }
    }
    parts.push_back(std::move(part));
    text = next == text.npos ? std::string_view{} : text.substr(next);
  }
  return parts;
}

/// An index into a list of `size`; negative ones count from the end.
std::optional<std::size_t> index_of(const std::string &text, std::size_t size) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  if (value < 0) {
    value += static_cast<std::int64_t>(size);
  }
  return value < 0 || value > static_cast<std::int64_t>(size) ? std::nullopt
                                                              : std::optional(static_cast<std::size_t>(value));
}

Node *child_of(Node &parent, const std::string &part) {
  if (parent.is_mapping()) {
    return parent.find(part);
  }
  if (parent.is_sequence()) {
    const auto at = index_of(part, parent.size);
    return at && *at < parent.size ? parent.items[*at] : nullptr;
  }
  return nullptr;
}

Node *parent_of(Node &root, const Pointer &path) {
  Node *node = &root;
  for (std::size_t i = 0; node != nullptr && i + 1 < path.size(); ++i) {
    node = child_of(*node, path[i]);
  }
  return node != nullptr && !node->is_scalar() ? node : nullptr;
}

Node *from_json(Arena &arena, const nlohmann::json &value) {
  const auto text = arena.copy(value.dump());
  std::size_t used = 0;
  return parse_json(text, arena, used);
}

std::optional<std::string> add(Arena &arena, Node &root, const Pointer &path, Node *value) {
  Node *parent = path.empty() ? nullptr : parent_of(root, path);
  if (parent == nullptr) {
    return "there is nothing to add it to";
  }
  if (parent->is_mapping()) {
    set(arena, *parent, path.back(), value);
    return std::nullopt;
  }
  if (path.back() == "-") {
    append(arena, parent, value);
    return std::nullopt;
  }
  std::size_t size = parent->size;
  const auto at = index_of(path.back(), path.back().starts_with('-') ? size + 1 : size);
  if (!at || *at > size) {
    return "the list has no place " + path.back();
  }
  insert_item(arena, *parent, *at, value);
  return std::nullopt;
}

std::optional<std::string> remove(Node &root, const Pointer &path) {
  Node *parent = path.empty() ? nullptr : parent_of(root, path);
  if (parent == nullptr || child_of(*parent, path.back()) == nullptr) {
    return "there is nothing";
  }
  if (parent->is_mapping()) {
    erase(*parent, path.back());
  } else {
    erase_item(*parent, *index_of(path.back(), parent->size));
  }
  return std::nullopt;
}

Node *find(Node &root, const Pointer &path) {
  if (path.empty()) {
    return &root;
  }
  Node *parent = parent_of(root, path);
  return parent == nullptr ? nullptr : child_of(*parent, path.back());
}

bool equal(const Node *have, const nlohmann::json &wanted) {
  if (missing_or_null(have)) {
    return wanted.is_null();
  }
  std::string text;
  return !write_json(*have, Rules::kustomize, text) && nlohmann::json::parse(text) == wanted;
}

std::optional<std::string> replace(Arena &arena, Node &root, const Pointer &path, Node *value) {
  if (path.empty()) {
    root = *value;
    return std::nullopt;
  }
  Node *parent = parent_of(root, path);
  if (parent == nullptr || (parent->is_sequence() && child_of(*parent, path.back()) == nullptr)) {
    return "there is nothing to replace";
  }
  if (parent->is_mapping()) {
    set(arena, *parent, path.back(), value); // even if it is not there: a quirk of the library kustomize uses
  } else {
    parent->items[*index_of(path.back(), parent->size)] = value;
  }
  return std::nullopt;
}

std::optional<std::string> apply(Arena &arena, Node &root, const nlohmann::json &operation, const std::string &name,
                                 const Pointer &path) {
  if (name == "remove") {
    return remove(root, path);
  }
  if (name == "move" || name == "copy") {
    const auto from = parse_pointer(text_of(operation, "from"));
    const Node *parent = from && !from->empty() ? parent_of(root, *from) : nullptr;
    const Node *source = parent == nullptr ? nullptr : find(root, *from);
    if (source == nullptr && (name == "move" || parent == nullptr || !parent->is_mapping())) {
      return "there is nothing at " + text_of(operation, "from");
    }
    Node *copy = source == nullptr ? make_scalar(arena, "null", Style::plain, Tag::null) : clone(arena, *source);
    if (name == "move") {
      if (auto wrong = remove(root, *from)) {
        return wrong;
      }
    }
    return add(arena, root, path, copy);
  }
  if (name == "test") {
    const Node *parent = path.empty() ? &root : parent_of(root, path);
    const Node *have = find(root, path);
    if (parent == nullptr || (parent->is_sequence() && have == nullptr)) {
      return "there is nothing to test"; // not even null; what a map does not have is null
    }
    return equal(have, operation.value("value", nlohmann::json()))
               ? std::nullopt
               : std::optional<std::string>("the value is another one");
  }
  if (name != "add" && name != "replace") {
    return "there is no such operation; there are add, remove, replace, move, copy and test";
  }
  Node *value = from_json(arena, operation.value("value", nlohmann::json()));
  return name == "add" ? add(arena, root, path, value) : replace(arena, root, path, value);
}

/// kustomize writes the JSON out as YAML, where texts have quotes only if they need them and every number is a float.
void as_yaml(Arena &arena, Node &node) {
  if (node.is_scalar()) {
    if (node.style == Style::double_quoted && !node.text().empty() &&
        resolve(node.text(), Rules::kubectl).type == ScalarType::string && YamlText::is_plain(node.text())) {
      node.style = Style::plain;
      node.tag = Tag::str;
    } else if (node.style == Style::plain && node.tag == Tag::none) {
      const auto number = resolve(node.text(), Rules::kustomize);
      const double value = number.type == ScalarType::integer            ? static_cast<double>(number.integer)
                           : number.type == ScalarType::unsigned_integer ? static_cast<double>(number.unsigned_integer)
                                                                         : 0;
      constexpr double kExponentFrom = 1e6; // Go's 'g' format
      if (std::abs(value) >= kExponentFrom) {
        assign(arena, node, format_float(value), Tag::floating);
      }
    }
    return;
  }
  const std::size_t step = node.is_mapping() ? 2 : 1;
  for (std::size_t i = step - 1; i < node.size; i += step) {
    as_yaml(arena, *node.items[i]);
  }
}

} // namespace

Result<void> apply_json_patch(Arena &arena, Node &root, const nlohmann::json &operations) {
  if (auto strings = require_string_keys(root); !strings) {
    return strings;
  }
  settle_folded_texts(arena, root);
  std::string json; // kustomize patches the JSON of an object: from here on its values are what they are there
  if (const auto error = write_json(root, Rules::kustomize, json)) {
    return Error(Code::config, "a JSON patch of something that is no JSON: " + error->message);
  }
  std::size_t used = 0;
  Node *read = parse_json(arena.copy(json), arena, used);
  if (read == nullptr) {
    return Error(Code::config, "a JSON patch of something that is no JSON");
  }
  root = *read;
  for (const auto &operation : operations) {
    const auto name = text_of(operation, "op");
    const auto path = text_of(operation, "path");
    const auto pointer = parse_pointer(path);
    const auto wrong = pointer ? apply(arena, root, operation, name, *pointer)
                               : std::optional<std::string>("the path does not begin with a slash");
    if (wrong) {
      return failed(name, path, *wrong);
    }
  }
  root = *clone(arena, root); // went through JSON: no part is shared any more, keys are quoted
  quote_keys(root);
  as_yaml(arena, root);
  return {};
}

bool is_json_patch(const nlohmann::json &value) {
  return value.is_array() && std::all_of(value.begin(), value.end(), [](const auto &item) { return item.is_object(); });
}

} // namespace ksail::manifests::kustomize
