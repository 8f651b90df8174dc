// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/gathered.hpp"

#include <algorithm>
#include <optional>

namespace ksail::manifests::kustomize {
namespace {

using Entries = std::vector<std::pair<std::string_view, std::string_view>>;

/// The entries of two maps, those of `fresh` where both have one; null reads as `null_text`.
Entries joined(const Node *old, const Node *fresh, std::optional<std::string_view> null_text = {}) {
  Entries values;
  for (const Node *from : {fresh, old}) {
    for (std::size_t i = 0; from != nullptr && i < from->pairs(); ++i) {
      const auto key = from->key(i)->text();
      if (std::none_of(values.begin(), values.end(), [&](const auto &value) { return value.first == key; })) {
        const Node &value = *from->value(i);
        values.emplace_back(key, null_text && is_null(value) ? *null_text : value.text());
      }
    }
  }
  return values;
}

void merge_data(Arena &arena, const Resource &old, Resource &made) {
  for (const char *field : {"data", "binaryData"}) {
    const auto values = joined(old.root->find(field), made.root->find(field), "");
    erase(*made.root, field);
    if (values.empty()) {
      continue;
    }
    Node *map = set(arena, *made.root, field, make_node(arena, NodeKind::mapping));
    for (const auto &[key, value] : values) {
      set(arena, *map, key, make_data_text(arena, value));
    }
  }
}

/// kustomize's fields as something that can be shared: they live for ever.
std::shared_ptr<const TransformerFields> shared_defaults() { return {std::shared_ptr<void>(), &default_fields()}; }

} // namespace

Result<void> Gathered::add(Resource *resource) {
  if (!known_valid_) {
    known_.clear();
    for (const Resource *each : list) {
      known_.insert(each->id().key());
    }
    known_valid_ = true;
  }
  if (!known_.insert(resource->id().key()).second) {
    return Error(Code::config, "there are two objects " + resource->id().text(),
                 "take one of them out, or make one a patch of the other");
  }
  list.push_back(resource);
  return {};
}

Result<void> Gathered::add(const Resources &resources) {
  for (Resource *resource : resources) {
    if (auto done = add(resource); !done) {
      return done;
    }
  }
  return {};
}

Result<void> Gathered::absorb(Arena &arena, Resource *made) {
  const ResId wanted = made->id();
  Resource *old = nullptr;
  for (Resource *resource : list) {
    if (!resource->any_id([&](const ResId &id) { return id.equals(wanted); })) {
      continue;
    }
    if (old != nullptr) {
      return Error(Code::config, "several objects could be meant by " + wanted.text());
    }
    old = resource;
  }
  const bool changes = made->behavior == Behavior::merge || made->behavior == Behavior::replace;
  if (old == nullptr) {
    return changes ? Error(Code::config, "there is no " + wanted.text() + " to merge into or to replace",
                           "behavior: create")
                   : add(made);
  }
  if (!changes) {
    return Error(Code::config, wanted.text() + " is there already", "set `behavior` to merge or replace");
  }
  for (const char *field : {"labels", "annotations"}) {
    made->set_metadata_map(arena, field, joined(old->metadata_map(field), made->metadata_map(field)));
  }
  if (made->behavior == Behavior::merge) {
    merge_data(arena, *old, *made);
  } else if (made->origin != nullptr) {
    old->origin = made->origin;
  }
  made->set_name(arena, old->name());
  made->set_namespace(arena, old->ns());
  // The object stays the one it was, for the variables that mean it.
  old->root = made->root;
  old->needs_hash = made->needs_hash && old->needs_hash;
  ids_change();
  return {};
}

Result<void> Gathered::take(const Gathered &base) {
  if (auto done = add(base.list); !done) {
    return done;
  }
  if (auto done = base.fields_ != fields_ ? take_fields(base) : Result<void>(); !done) {
    return done;
  }
  return add_variables(variables, base.variables);
}

Result<void> Gathered::take_fields(const Gathered &base) {
  if (!fields_ && &base.fields() == &default_fields()) {
    fields_ = base.fields_;
    return {};
  }
  return add_fields(base.fields());
}

Result<void> Gathered::begin_anew() {
  Gathered fresh;
  if (auto done = fresh.take(*this); !done) {
    return done;
  }
  *this = std::move(fresh);
  return {};
}

Result<void> Gathered::add_fields(const TransformerFields &more) {
  auto merged = std::make_shared<TransformerFields>(fields());
  if (auto done = merge_into(*merged, more); !done) {
    return done;
  }
  fields_ = std::move(merged);
  return {};
}

Result<void> Gathered::add_default_fields() {
  if (!fields_) {
    fields_ = shared_defaults();
    return {};
  }
  return &fields() == &default_fields() ? Result<void>() : add_fields(default_fields());
}

const TransformerFields &Gathered::none() {
  static const TransformerFields fields;
  return fields;
}

} // namespace ksail::manifests::kustomize
