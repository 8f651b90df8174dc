// SPDX-License-Identifier: Apache-2.0
#include "manifests/yaml_writer.hpp"

#include "manifests/float_text.hpp"
#include "manifests/json.hpp"
#include "manifests/key_order.hpp"
#include "manifests/yaml_text.hpp"

#include <cmath>

namespace ksail::manifests {
namespace {

bool all_digits(std::string_view text) {
  if (text.empty() || text.size() > 18 || (text[0] == '0' && text.size() > 1)) {
    return false;
  }
  for (const char c : text) {
    if (c < '0' || c > '9') {
      return false;
    }
  }
  return true;
}

class Writer {
public:
  Writer(Rules rules, std::string &out) : rules_(rules), text_(out) {}

  bool document(const Node &root) {
    if (!value(root, -1, false)) {
      return false;
    }
    text_.finish_line();
    return true;
  }

  std::optional<SyntaxError> error;
  bool unusual = false; ///< keys that only the way through JSON resolves

private:
  bool fail(const Node &node, std::string message) {
    error = SyntaxError{node.line, node.column, std::move(message)};
    return false;
  }

  /// `indent` is that of the parent, -1 at the root.
  bool value(const Node &node, int indent, bool in_mapping, std::size_t depth = 0) {
    if (depth > kMaxDepth) {
      return fail(node, "nested deeper than " + std::to_string(kMaxDepth) + " levels");
    }
    switch (node.kind) {
    case NodeKind::scalar:
      return scalar(node, indent < 0 ? 2 : indent + 2);
    case NodeKind::sequence: {
      if (node.size == 0) {
        text_.indicator("[", true, true, false);
        text_.indicator("]", false, false, false);
        return true;
      }
      // A list as a value stands no deeper than its key.
      const int own = indent < 0 ? 0 : in_mapping && !text_.at_indention() ? indent : indent + 2;
      for (const Node *item : node.children()) {
        text_.indent(own);
        text_.indicator("-", true, false, true);
        if (!value(*item, own, false, depth + 1)) {
          return false;
        }
      }
      return true;
    }
    case NodeKind::mapping:
      return mapping(node, indent < 0 ? 0 : indent + 2, depth);
    }
    return true;
  }

  bool mapping(const Node &node, int indent, std::size_t depth) {
    if (node.size == 0) {
      text_.indicator("{", true, true, false);
      text_.indicator("}", false, false, false);
      return true;
    }
    const std::size_t base = pairs_.size();
    for (std::size_t i = 0; i < node.pairs(); ++i) {
      if (!is_string_key(*node.key(i))) {
        unusual = true;
        return false;
      }
      pairs_.push_back({node.key(i), node.value(i)});
    }
    const std::size_t count = pairs_.size() - base;
    sort_keys(std::span(pairs_).subspan(base));
    for (std::size_t i = 0; i < count; ++i) {
      const auto [key, item] = pairs_[base + i];
      if (i > 0 && key->text() == pairs_[base + i - 1].key->text()) {
        return fail(*key, "the key '" + std::string(key->text().substr(0, 80)) + "' is there twice");
      }
      text_.indent(indent);
      const bool simple = text_.key(key->text(), indent + 2);
      if (!simple) {
        text_.indent(indent);
      }
      text_.indicator(":", !simple, false, !simple);
      if (!value(*item, indent, true, depth + 1)) {
        return false;
      }
    }
    pairs_.resize(base);
    return true;
  }

  bool is_string_key(const Node &key) const {
    if (!key.is_scalar() || (key.tag != Tag::none && key.tag != Tag::str)) {
      return false;
    }
    if (key.style != Style::plain || key.tag == Tag::str) {
      return true;
    }
    return key.text() != "<<" && resolve(key.text(), rules_).type == ScalarType::string;
  }

  bool scalar(const Node &node, int indent) {
    if (node.tag == Tag::none) {
      if (node.style != Style::plain) {
        text_.string(node.text(), indent);
        return true;
      }
      if (all_digits(node.text())) {
        text_.plain(node.text());
        return true;
      }
    }
    if (node.tag == Tag::binary) {
      std::string json;
      error = write_json(node, rules_, json);
      if (error) {
        return false;
      }
      Arena arena;
      std::size_t used = 0;
      const Node *text = parse_json(json, arena, used);
      if (text == nullptr) {
        return fail(node, "a !!binary value that is no text has no place in a manifest");
      }
      text_.string(text->text(), indent);
      return true;
    }
    const auto resolved = resolve(node, rules_);
    if (!resolved) {
      return fail(node, "cannot read '" + std::string(node.text().substr(0, 40)) + "' as the type its tag says");
    }
    switch (resolved->type) {
    case ScalarType::string:
    case ScalarType::merge:
      text_.string(node.text(), indent);
      break;
    case ScalarType::timestamp: {
      // kubectl's reader leaves dates alone, even those with a tag; kustomize's makes them RFC 3339.
      const auto full = rules_ == Rules::kubectl ? std::nullopt : timestamp_to_rfc3339(node.text());
      text_.string(full ? std::string_view(*full) : node.text(), indent);
      break;
    }
    case ScalarType::null:
      text_.plain("null");
      break;
    case ScalarType::boolean:
      text_.plain(resolved->boolean ? "true" : "false");
      break;
    case ScalarType::integer:
      text_.plain(std::to_string(resolved->integer));
      break;
    case ScalarType::unsigned_integer:
      text_.plain(std::to_string(resolved->unsigned_integer));
      break;
    case ScalarType::floating: {
      if (!std::isfinite(resolved->floating)) {
        return fail(node, "there is no value for '" + std::string(node.text()) + "' in JSON; put it in quotes");
      }
      // On its way through JSON a float without a fraction becomes an integer where it fits into one.
      const auto json = resolve(format_json_float(resolved->floating), Rules::kubectl);
      text_.plain(json.type == ScalarType::integer            ? std::to_string(json.integer)
                  : json.type == ScalarType::unsigned_integer ? std::to_string(json.unsigned_integer)
                                                              : format_float(resolved->floating));
      break;
    }
    }
    return true;
  }

  Rules rules_;
  YamlText text_;
  std::vector<KeyAndValue> pairs_; ///< of all mappings being written, as a stack
};

} // namespace

std::optional<SyntaxError> write_yaml(const Node &root, Rules rules, std::string &out) {
  const std::size_t before = out.size();
  Writer writer(rules, out);
  if (writer.document(root)) {
    return std::nullopt;
  }
  if (!writer.unusual) {
    return std::move(writer.error);
  }
  // Merge keys and keys that are no strings: JSON has settled what they mean.
  out.resize(before);
  std::string json;
  if (auto error = write_json(root, rules, json)) {
    return error;
  }
  Arena arena;
  std::size_t used = 0;
  const Node *plain = parse_json(json, arena, used);
  if (plain == nullptr) {
    return SyntaxError{root.line, root.column, "the document holds text that is no UTF-8"};
  }
  Writer again(rules, out);
  again.document(*plain);
  return std::move(again.error);
}

} // namespace ksail::manifests
