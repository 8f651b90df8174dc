// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/keyed_list.hpp"

#include <algorithm>
#include <optional>

namespace ksail::manifests::kustomize {
namespace {

/// Both as one, when they agree in a value at least and nowhere differ but where one has none.
std::optional<KeyValues> united(const KeyValues &a, const KeyValues &b) {
  KeyValues both;
  bool agree = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    agree = agree || a[i] == b[i];
    if (a[i] != b[i] && !a[i].empty() && !b[i].empty()) {
      return std::nullopt;
    }
    both.push_back(a[i].empty() ? b[i] : a[i]);
  }
  return agree ? std::optional(std::move(both)) : std::nullopt;
}

/// Keys without a value at the end are not looked at; without any value nothing fits.
bool has_values(const Node &element, const KeyNames &keys, const KeyValues &values) {
  bool fits = false;
  for (std::size_t i = 0; i < std::min(keys.size(), values.size()); ++i) {
    const Node *field = element.find(keys[i]);
    fits = field != nullptr && (values[i].empty() || field->text() == values[i]);
    if (!fits) {
      return false;
    }
  }
  return fits;
}

} // namespace

KeyValues key_values(const Node &element, const KeyNames &keys) {
  KeyValues values;
  for (const auto key : keys) {
    const Node *field = element.find(key);
    values.push_back(missing_or_null(field) ? std::string_view{} : field->text());
  }
  return values;
}

std::vector<KeyValues> identities(std::span<const Node *const> lists, const KeyNames &keys) {
  std::vector<KeyValues> all;
  for (const Node *list : lists) {
    for (const Node *element : list != nullptr ? list->children() : std::span<Node *const>{}) {
      auto values = key_values(*element, keys);
      if (std::find(all.begin(), all.end(), values) == all.end()) {
        all.push_back(std::move(values));
      }
    }
  }
  if (keys.size() > 1) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto mine = all[i];
      for (std::size_t j = 0; j < all.size(); ++j) {
        if (auto both = united(mine, all[j])) {
          all[i] = all[j] = *both;
        }
      }
    }
  }
  return all;
}

KeyNames used_keys(const std::vector<KeyValues> &identities, const KeyNames &keys) {
  KeyNames used;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (std::any_of(identities.begin(), identities.end(),
                    [&](const KeyValues &values) { return !values[i].empty(); })) {
      used.push_back(keys[i]);
    }
  }
  return used.empty() ? keys : used;
}

KeyValues used_values(const KeyValues &identity, const KeyNames &keys, const KeyNames &used) {
  KeyValues values;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (std::find(used.begin(), used.end(), keys[i]) != used.end()) {
      values.push_back(identity[i]);
    }
  }
  return values;
}

Node *find_element(std::span<Node *const> elements, const KeyNames &keys, const KeyValues &values) {
  const bool all_empty =
      std::all_of(values.begin(), values.end(), [](std::string_view value) { return value.empty(); });
  const auto at = std::find_if(elements.begin(), elements.end(), [&](const Node *element) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (values[i].empty() && !all_empty) {
        continue;
      }
      const Node *field = element->find(keys[i]);
      if (field == nullptr || field->text() != values[i]) {
        return false;
      }
    }
    return true;
  });
  return at == elements.end() ? nullptr : *at;
}

void put_element(std::vector<Node *> &elements, Node *element, const KeyNames &keys, const KeyValues &values) {
  std::vector<Node *> out;
  bool there = false;
  for (Node *old : elements) {
    if (is_null(*old) || (old->is_mapping() && old->size == 0)) {
      continue;
    }
    if (!old->is_mapping()) {
      out.push_back(old);
    } else if (has_values(*old, keys, values)) {
      there = true;
      if (element != nullptr) {
        out.push_back(element);
      }
    } else if (!values.empty()) {
      out.push_back(old);
    }
  }
  if (element != nullptr && !there && !is_null(*element)) {
    out.push_back(element);
  }
  elements = std::move(out);
}

void put_by_own_values(std::vector<Node *> &elements, Node *element, const KeyNames &keys) {
  KeyValues values;
  for (const auto key : keys) {
    const Node *field = element->find(key);
    if (field == nullptr) {
      elements.push_back(element);
    } else {
      values.push_back(field->text());
    }
  }
  // With several keys an element moves behind those before it, else it stays where it was put.
  if (keys.size() > 1) {
    put_element(elements, nullptr, keys, values);
  }
  put_element(elements, element, keys, values);
}

} // namespace ksail::manifests::kustomize
