// SPDX-License-Identifier: Apache-2.0
#include "manifests/json.hpp"

#include "manifests/base64.hpp"
#include "manifests/float_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <unordered_map>
#include <vector>

namespace ksail::manifests {
namespace {

/// As go-yaml limits them: documents of up to 400,000 nodes may be nearly all aliases, from 4,000,000 on one in ten.
bool too_many_aliases(std::size_t all, std::size_t through_alias) {
  if (through_alias <= 100 || all <= 1000) {
    return false;
  }
  constexpr double kLow = 400'000;
  constexpr double kHigh = 4'000'000;
  const auto count = static_cast<double>(all);
  const double allowed = count <= kLow ? 0.99 : count >= kHigh ? 0.10 : 0.99 - 0.89 * (count - kLow) / (kHigh - kLow);
  return static_cast<double>(through_alias) / count > allowed;
}

bool is_plain_integer(std::string_view text) {
  if (text.empty() || text.size() > 18 || text[0] < '0' || text[0] > '9' || (text[0] == '0' && text.size() > 1)) {
    return false;
  }
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

class Writer {
public:
  Writer(Rules rules, Numbers numbers, std::string &out) : rules_(rules), numbers_(numbers), out_(out) {}

  bool value(const Node &node, std::size_t depth) {
    ++nodes_;
    const bool alias = node.aliased;
    alias_depth_ += alias ? 1 : 0;
    through_alias_ += alias_depth_ > 0 ? 1 : 0;
    if (depth > kMaxDepth || (alias_depth_ > 0 && too_many_aliases(nodes_, through_alias_))) {
      return fail(node, depth > kMaxDepth ? "nested deeper than " + std::to_string(kMaxDepth) + " levels"
                                          : "the document consists mostly of aliases and would become huge");
    }
    bool good = true;
    switch (node.kind) {
    case NodeKind::scalar:
      good = scalar(node);
      break;
    case NodeKind::sequence: {
      out_ += '[';
      bool first = true;
      for (const Node *child : node.children()) {
        if (!first) {
          out_ += ',';
        }
        first = false;
        if (!value(*child, depth + 1)) {
          return false;
        }
      }
      out_ += ']';
      break;
    }
    case NodeKind::mapping:
      good = mapping(node, depth);
      break;
    }
    alias_depth_ -= alias ? 1 : 0;
    return good;
  }

  std::optional<SyntaxError> error;

private:
  bool fail(const Node &node, std::string message) {
    error = SyntaxError{node.line, node.column, std::move(message)};
    return false;
  }

  bool scalar(const Node &node) {
    if (node.tag == Tag::none) {
      if (node.style != Style::plain) {
        write_json_string(node.text(), out_);
        return true;
      }
      if (is_plain_integer(node.text())) {
        out_ += node.text();
        return true;
      }
    }
    if (node.tag == Tag::binary) {
      const auto bytes = decode_base64(node.text());
      if (!bytes) {
        return fail(node, "!!binary value contains invalid base64 data");
      }
      write_json_string(*bytes, out_);
      return true;
    }
    const auto resolved = resolve(node, rules_);
    if (!resolved) {
      return fail(node, "cannot read '" + std::string(node.text().substr(0, 40)) + "' as the type its tag says");
    }
    switch (resolved->type) {
    case ScalarType::string:
      if (numbers_ == Numbers::of_json && node.style == Style::plain) {
        return fail(node, "the number " + std::string(node.text().substr(0, 40)) + " is too large");
      }
      [[fallthrough]];
    case ScalarType::merge:
      write_json_string(node.text(), out_);
      break;
    case ScalarType::timestamp:
      // kubectl's reader leaves dates alone, even those with a tag; kustomize's makes them RFC 3339.
      write_json_string(rules_ == Rules::kubectl ? std::string(node.text())
                                                 : timestamp_to_rfc3339(node.text()).value_or(std::string(node.text())),
                        out_);
      break;
    case ScalarType::null:
      out_ += "null";
      break;
    case ScalarType::boolean:
      out_ += resolved->boolean ? "true" : "false";
      break;
    case ScalarType::integer:
      out_ += std::to_string(resolved->integer);
      break;
    case ScalarType::unsigned_integer:
      out_ += numbers_ == Numbers::as_written ? std::to_string(resolved->unsigned_integer)
                                              : format_json_float(static_cast<double>(resolved->unsigned_integer));
      break;
    case ScalarType::floating:
      if (!std::isfinite(resolved->floating)) {
        return fail(node, "JSON has no value for '" + std::string(node.text()) + "'; put it in quotes for a string");
      }
      // YAML has become JSON when kubectl decodes it, and there a minus zero is an integer.
      out_ += numbers_ == Numbers::of_yaml && resolved->floating == 0 ? "0" : format_json_float(resolved->floating);
      break;
    }
    return true;
  }

  bool is_merge(const Node &key) const {
    return key.is_scalar() && key.text() == "<<" &&
           (key.tag == Tag::merge || (key.tag == Tag::none && key.style == Style::plain));
  }

  /// What a key becomes in JSON.
  bool key_text(const Node &key, std::string &out) {
    if (!key.is_scalar()) {
      return fail(key, "a key must be a string, not a list or a map");
    }
    if (key.tag == Tag::binary) {
      const auto bytes = decode_base64(key.text());
      out = bytes.value_or("");
      return bytes || fail(key, "!!binary value contains invalid base64 data");
    }
    const auto resolved = resolve(key, rules_);
    if (!resolved) {
      return fail(key, "cannot read the key '" + std::string(key.text().substr(0, 40)) + "' as the type its tag says");
    }
    switch (resolved->type) {
    case ScalarType::null:
      return fail(key, "null cannot be a key; put it in quotes");
    case ScalarType::boolean:
      out = resolved->boolean ? "true" : "false";
      break;
    case ScalarType::integer:
      out = std::to_string(resolved->integer);
      break;
    case ScalarType::unsigned_integer:
      return fail(key, "a key cannot be a number this large; put it in quotes");
    case ScalarType::floating:
      out = format_key_float(resolved->floating);
      break;
    default:
      out = key.text();
    }
    return true;
  }

  static bool is_ordinary_key(const Node &key) {
    if (!key.is_scalar() || key.tag != Tag::none) {
      return false;
    }
    if (key.style != Style::plain) {
      return true;
    }
    // A plain text is certainly a string when it begins with a letter that begins no boolean and no null, or is longer
    // than any of these.
    const auto text = key.text();
    if (text.empty()) {
      return false;
    }
    const char c = text[0];
    return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) &&
           (text.size() > 5 || std::string_view("yYnNtTfFoO").find(c) == std::string_view::npos);
  }

  bool mapping(const Node &node, std::size_t depth) {
    bool ordinary = true;
    for (std::size_t i = 0; i < node.pairs() && ordinary; ++i) {
      ordinary = is_ordinary_key(*node.key(i));
    }
    if (!ordinary) {
      return unusual_mapping(node, depth);
    }
    if (!refuse_duplicates(node)) {
      return false;
    }
    out_ += '{';
    for (std::size_t i = 0; i < node.pairs(); ++i) {
      if (i > 0) {
        out_ += ',';
      }
      write_json_string(node.key(i)->text(), out_);
      out_ += ':';
      if (!value(*node.value(i), depth + 1)) {
        return false;
      }
    }
    out_ += '}';
    return true;
  }

  bool refuse_duplicates(const Node &node) {
    constexpr std::size_t kFew = 24;
    const std::size_t n = node.pairs();
    if (n <= kFew) {
      for (std::size_t i = 1; i < n; ++i) {
        const auto text = node.key(i)->text();
        for (std::size_t j = 0; j < i; ++j) {
          if (node.key(j)->text() == text) {
            return duplicate(*node.key(i), *node.key(j), text);
          }
        }
      }
      return true;
    }
    std::unordered_map<std::string_view, const Node *> seen;
    seen.reserve(n);
    for (std::size_t i = 0; i < n; ++i) {
      const auto [at, inserted] = seen.emplace(node.key(i)->text(), node.key(i));
      if (!inserted) {
        return duplicate(*node.key(i), *at->second, node.key(i)->text());
      }
    }
    return true;
  }

  bool duplicate(const Node &second, const Node &first, std::string_view name) {
    return fail(second, "the key '" + std::string(name.substr(0, 80)) + "' is there already, in line " +
                            std::to_string(first.line));
  }

  struct Entry {
    std::string key;
    const Node *value;
    const Node *written; ///< the key node in this very mapping; nullptr when it came through a merge
  };
  struct Entries {
    std::vector<Entry> list;
    std::unordered_map<std::string, std::size_t> index;
  };

  bool unusual_mapping(const Node &node, std::size_t depth) {
    Entries entries;
    if (!collect(node, entries, true, depth)) {
      return false;
    }
    out_ += '{';
    bool first = true;
    for (const auto &entry : entries.list) {
      if (!first) {
        out_ += ',';
      }
      first = false;
      write_json_string(entry.key, out_);
      out_ += ':';
      if (!value(*entry.value, depth + 1)) {
        return false;
      }
    }
    out_ += '}';
    return true;
  }

  bool collect(const Node &node, Entries &entries, bool own, std::size_t depth) {
    if (depth > kMaxDepth) {
      return fail(node, "nested deeper than " + std::to_string(kMaxDepth) + " levels");
    }
    ++nodes_;
    through_alias_ += own ? 0 : 1;
    if (too_many_aliases(nodes_, through_alias_)) {
      return fail(node, "the document consists mostly of aliases and would become huge");
    }
    for (std::size_t i = 0; i < node.pairs(); ++i) {
      const Node &key = *node.key(i);
      if (is_merge(key)) {
        if (!merge(*node.value(i), entries, depth)) {
          return false;
        }
        continue;
      }
      std::string text;
      if (!key_text(key, text)) {
        return false;
      }
      const auto [at, inserted] = entries.index.emplace(text, entries.list.size());
      if (inserted) {
        entries.list.push_back({std::move(text), node.value(i), own ? &key : nullptr});
        continue;
      }
      Entry &entry = entries.list[at->second];
      if (own && entry.written != nullptr) {
        return duplicate(key, *entry.written, text);
      }
      entry.value = node.value(i);
      entry.written = own ? &key : entry.written;
    }
    return true;
  }

  /// The last one to speak wins, as with kubectl: a merge after a key replaces what the key said.
  bool merge(const Node &from, Entries &entries, std::size_t depth) {
    if (from.is_mapping()) {
      return collect(from, entries, false, depth + 1);
    }
    if (!from.is_sequence()) {
      return fail(from, "a merge (<<) takes a map or a list of maps");
    }
    for (std::size_t i = from.size; i-- > 0;) {
      if (!from.items[i]->is_mapping()) {
        return fail(*from.items[i], "a merge (<<) takes a map or a list of maps");
      }
      if (!collect(*from.items[i], entries, false, depth + 1)) {
        return false;
      }
    }
    return true;
  }

  Rules rules_;
  Numbers numbers_;
  std::string &out_;
  std::size_t nodes_ = 0;
  std::size_t through_alias_ = 0;
  std::size_t alias_depth_ = 0;
};

} // namespace

void write_json_string(std::string_view text, std::string &out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') {
      continue;
    }
    out.append(text, from, i - from);
    from = i + 1;
    switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\r':
      out += "\\r";
      break;
    default:
      out += "\\u00";
      out += kHex[c >> 4U];
      out += kHex[c & 15U];
    }
  }
  out.append(text, from, text.size() - from);
  out += '"';
}

std::optional<SyntaxError> write_json(const Node &root, Rules rules, std::string &out, Numbers numbers) {
  Writer writer(rules, numbers, out);
  writer.value(root, 0);
  return std::move(writer.error);
}

} // namespace ksail::manifests
