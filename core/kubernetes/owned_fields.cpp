// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/owned_fields.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace ksail::kubernetes {

using nlohmann::json;

namespace {

constexpr std::size_t longest_list = 256; ///< each item is looked for among all: longer ones are left to the server

bool stands(const json &wanted, const json &live, const json &fields);

/// What a tree says besides "the thing itself".
std::size_t children(const json &fields) { return fields.size() - fields.count("."); }

bool object_stands(const json &wanted, const json &live, const json &fields) {
  if (!live.is_object() || wanted.size() != children(fields)) return false;
  for (const auto &[name, value] : wanted.items()) {
    const auto owned = fields.find("f:" + name);
    const auto there = live.find(name);
    if (owned == fields.end() || there == live.end() || !stands(value, *there, *owned)) return false;
  }
  return true;
}

/// Whether `item` is the one with this key. The only key field of the built-in kinds that may be left out is a port's
/// protocol.
bool has_key(const json &item, const json &key, bool with_defaults) {
  if (!item.is_object()) return false;
  for (const auto &[name, value] : key.items()) {
    const auto there = item.find(name);
    if (there == item.end() ? !(with_defaults && name == "protocol" && value == "TCP") : *there != value) return false;
  }
  return true;
}

struct Key {
  json value;       ///< the key fields, or the item itself
  bool map = false; ///< a list of objects with key fields, not a set of values
  const json *below = nullptr;
};

std::optional<std::vector<Key>> keys_of(const json &fields) {
  std::vector<Key> keys;
  for (const auto &[text, below] : fields.items()) {
    if (text == ".") continue;
    Key key;
    key.map = text.starts_with("k:");
    if (!key.map && !text.starts_with("v:")) return std::nullopt;
    key.value = json::parse(text.substr(2), nullptr, false);
    if (key.value.is_discarded() || (key.map && !key.value.is_object())) return std::nullopt;
    key.below = &below;
    keys.push_back(std::move(key));
  }
  return keys;
}

bool is_it(const json &item, const Key &key, bool with_defaults) {
  return key.map ? has_key(item, key.value, with_defaults) : item == key.value;
}

/// The only key or item that fits; nothing when none does, or several.
template <class List, class Fits> std::optional<std::size_t> only(const List &list, const Fits &fits) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!fits(list[i])) continue;
    if (found) return std::nullopt;
    found = i;
  }
  return found;
}

/// Items that others own may stand between ours; ours stand in the order they are wanted in.
bool list_stands(const json &wanted, const json &live, const json &fields) {
  if (!live.is_array() || wanted.size() != children(fields) || live.size() > longest_list) return false;
  const auto keys = keys_of(fields);
  if (!keys) return false;
  std::size_t next = 0;
  for (const auto &item : wanted) {
    const auto key = only(*keys, [&](const Key &k) { return is_it(item, k, true); });
    if (!key) return false;
    const Key &owned = (*keys)[*key];
    const auto at = only(live, [&](const json &there) { return is_it(there, owned, false); });
    if (!at || *at < next) return false;
    next = *at + 1;
    if (owned.map ? !stands(item, live[*at], *owned.below) : children(*owned.below) != 0) return false;
  }
  return true;
}

/// What the server adds to fields that are owned as a whole: a port's protocol, the version that a field's path is in.
bool added_by_default(const std::string &name, const json &value, const json &wanted) {
  if (name == "protocol") return value == "TCP" && wanted.contains("port");
  return name == "apiVersion" && value == "v1" && wanted.contains("fieldPath");
}

bool same_but_for_defaults(const json &wanted, const json &live) {
  if (wanted.is_array() && live.is_array() && wanted.size() == live.size()) {
    for (std::size_t i = 0; i < wanted.size(); ++i)
      if (!same_but_for_defaults(wanted[i], live[i])) return false;
    return true;
  }
  if (!wanted.is_object() || !live.is_object()) return wanted == live;
  std::size_t met = 0;
  for (const auto &[name, value] : live.items()) {
    const auto stated = wanted.find(name);
    if (stated == wanted.end() ? !added_by_default(name, value, wanted) : !same_but_for_defaults(*stated, value))
      return false;
    met += stated != wanted.end();
  }
  return met == wanted.size();
}

bool stands(const json &wanted, const json &live, const json &fields) {
  if (!fields.is_object() || wanted.is_null()) return false;
  if (children(fields) == 0) return same_but_for_defaults(wanted, live);
  if (wanted.is_object()) return object_stands(wanted, live, fields);
  return wanted.is_array() && list_stands(wanted, live, fields);
}

struct Applied {
  std::size_t entries = 0;
  const json *fields = nullptr; ///< of the last, in its version
  std::string api_version;
};

/// What the manager has applied.
Applied applied(const json &metadata, std::string_view field_manager) {
  Applied out;
  const auto entries = metadata.find("managedFields");
  if (entries == metadata.end() || !entries->is_array()) return out;
  for (const auto &entry : *entries) {
    if (!entry.is_object() || entry.contains("subresource")) continue;
    if (entry.value("manager", "") != field_manager || entry.value("operation", "") != "Apply") continue;
    ++out.entries;
    out.api_version = entry.value("apiVersion", "");
    const auto fields = entry.find("fieldsV1");
    out.fields = fields != entry.end() ? &*fields : nullptr;
  }
  return out;
}

} // namespace

bool stands_as_applied(const json &live, const json &wanted, std::string_view field_manager) {
  if (!live.is_object() || !wanted.is_object()) return false;
  const auto metadata = live.find("metadata");
  if (metadata == live.end() || !metadata->is_object() || metadata->contains("deletionTimestamp")) return false;
  // What says which object it is, is nobody's.
  json rest = wanted;
  rest.erase("apiVersion");
  rest.erase("kind");
  if (const auto own = rest.find("metadata"); own != rest.end() && own->is_object()) {
    own->erase("name");
    own->erase("namespace");
    if (own->empty()) rest.erase(own);
  }
  const Applied before = applied(*metadata, field_manager);
  if (rest.empty()) return before.entries == 0; // a name and nothing else: nothing is owned, before or after
  if (before.entries != 1 || !before.fields || before.api_version != wanted.value("apiVersion", "-")) return false;
  return stands(rest, live, *before.fields);
}

} // namespace ksail::kubernetes
