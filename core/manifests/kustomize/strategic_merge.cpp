// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/strategic_merge.hpp"

#include <algorithm>
#include <set>

namespace ksail::manifests::kustomize {
namespace {

enum class Directive : std::uint8_t { merge, replace, remove };

class Merge {
public:
  Merge(Arena &arena, const Gvk &gvk) : arena_(arena), gvk_(gvk) {}

  /// What stands in place of `target` afterwards; nullptr for nothing.
  Result<Node *> any(Node *target, Node *patch) {
    const Node *first = !missing_or_null(target) ? target : !missing_or_null(patch) ? patch : nullptr;
    const auto kind = first == nullptr ? NodeKind::mapping : first->kind;
    if ((!missing_or_null(target) && target->kind != kind) || (!missing_or_null(patch) && patch->kind != kind)) {
      return Error(Code::config, "the patch has another kind of value than the object" + at());
    }
    switch (kind) {
    case NodeKind::scalar:
      return patch != nullptr ? patch : target;
    case NodeKind::sequence:
      return list(target, patch);
    case NodeKind::mapping:
      return mapping(target, patch);
    }
    return target;
  }

private:
  std::string at() const {
    std::string out = path_.empty() ? "" : " at ";
    for (const auto part : path_) {
      out += (out.size() > 4 ? "." : "") + std::string(part);
    }
    return out;
  }

  /// Takes the directive out of a map, or out of a list that holds it as an element of its own. With `lenient` an
  /// unknown one stays where it is.
  Result<Directive> directive(Node *patch, bool lenient = false) {
    if (missing_or_null(patch)) {
      return Directive::merge;
    }
    std::string_view text;
    if (patch->is_mapping()) {
      const Node *found = patch->find("$patch");
      if (found == nullptr) {
        return Directive::merge;
      }
      text = found->text();
    } else if (patch->is_sequence()) {
      // Only the first element that has a directive can speak for the list, and only if it has nothing else.
      const auto items = patch->children();
      const auto first =
          std::find_if(items.begin(), items.end(), [](const Node *item) { return item->find("$patch") != nullptr; });
      if (first == items.end() || (*first)->pairs() != 1) {
        return Directive::merge;
      }
      text = (*first)->find_text("$patch");
    }
    if (text != "delete" && text != "replace" && text != "merge") {
      if (lenient) {
        return Directive::merge;
      }
      return Error(Code::config, "unknown patch strategy `" + std::string(text) + "`" + at(),
                   "$patch takes merge, replace or delete");
    }
    const auto wanted = text == "delete"    ? Directive::remove
                        : text == "replace" ? Directive::replace
                                            : Directive::merge;
    if (patch->is_mapping()) {
      erase(*patch, "$patch");
    } else {
      // With it goes every element of the same directive, and what is empty.
      std::vector<Node *> kept;
      for (Node *item : patch->children()) {
        if (!is_null(*item) && !(item->is_mapping() && item->size == 0) && item->find_text("$patch") != text) {
          kept.push_back(item);
        }
      }
      std::copy(kept.begin(), kept.end(), patch->items);
      patch->size = static_cast<std::uint32_t>(kept.size());
    }
    return wanted;
  }

  Result<Node *> mapping(Node *target, Node *patch) {
    if (missing_or_null(target)) {
      auto wanted = directive(patch, true);
      if (!wanted) {
        return wanted.error();
      }
      if (*wanted == Directive::remove) {
        return static_cast<Node *>(nullptr);
      }
      if (patch == nullptr) {
        // A null that somebody wrote out stays.
        return target != nullptr && !target->text().empty() ? target : nullptr;
      }
      if (is_null(*patch)) {
        return static_cast<Node *>(nullptr);
      }
      return fields(patch, patch);
    }
    if (patch != nullptr && is_null(*patch)) {
      return static_cast<Node *>(nullptr);
    }
    auto wanted = directive(patch);
    if (!wanted) {
      return wanted.error();
    }
    if (*wanted == Directive::remove) {
      return static_cast<Node *>(nullptr);
    }
    return *wanted == Directive::replace ? fields(patch, patch) : fields(target, patch);
  }

  Result<Node *> fields(Node *target, Node *patch) {
    std::vector<std::string_view> names;
    names.reserve(target->pairs());
    for (const Node *from : {static_cast<const Node *>(target), static_cast<const Node *>(patch)}) {
      for (std::size_t i = 0; from != nullptr && i < from->pairs(); ++i) {
        names.push_back(from->key(i)->text());
      }
      if (target == patch) {
        break;
      }
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    for (const auto name : names) {
      Node *mine = target->find(name);
      Node *theirs = patch != nullptr ? patch->find(name) : nullptr;
      if (theirs == nullptr && mine->is_scalar() && !is_null(*mine)) {
        continue;
      }
      path_.push_back(name);
      auto merged = any(mine, theirs);
      path_.pop_back();
      if (!merged) {
        return merged;
      }
      if (*merged == nullptr || (is_null(**merged) && theirs != nullptr)) {
        erase(*target, name);
      } else if (*merged != mine) {
        set(arena_, *target, name, *merged);
      }
    }
    return target;
  }

  Result<Node *> list(Node *target, Node *patch) {
    const auto keys = merge_keys(gvk_, path_);
    if (!keys) {
      return patch != nullptr ? patch : target;
    }
    if (patch != nullptr && is_null(*patch) && !missing_or_null(target)) {
      return static_cast<Node *>(nullptr);
    }
    if (missing_or_null(target)) {
      target = patch;
    } else {
      auto wanted = directive(patch);
      if (!wanted) {
        return wanted.error();
      }
      if (*wanted == Directive::remove) {
        return static_cast<Node *>(nullptr);
      }
      if (*wanted == Directive::replace) {
        target = patch;
      }
    }
    return keys->empty() ? scalars(target, patch) : elements(target, patch, *keys);
  }

  Node *scalars(Node *target, Node *patch) {
    Node *result = make_node(arena_, NodeKind::sequence);
    std::set<std::string_view> seen;
    for (Node *from : {patch, target}) {
      for (Node *item : from != nullptr ? from->children() : std::span<Node *const>{}) {
        if (seen.insert(item->text()).second) {
          append(arena_, result, item);
        }
      }
    }
    return result;
  }

  // Elements of lists are told apart by the values of one or several keys. What follows gives kustomize's results for
  // lists that are not as they should be, too: elements without their key, keys that stand twice, nulls.
  using Keys = std::vector<std::string_view>;
  using Values = std::vector<std::string_view>;
  using Items = std::vector<Node *>;

  static Values values_of(const Node &element, const Keys &keys) {
    Values values;
    for (const auto key : keys) {
      values.push_back(element.find_text(key));
      if (const Node *field = element.find(key); field != nullptr && is_null(*field)) {
        values.back() = {};
      }
    }
    return values;
  }

  /// Two elements are one if they agree in a value and each other value is missing in one of them; both then have all.
  static void complete(std::vector<Values> &all) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Values mine = all[i];
      for (std::size_t j = 0; j < all.size(); ++j) {
        bool agree = false;
        bool contradict = false;
        Values joined = mine;
        for (std::size_t k = 0; k < mine.size(); ++k) {
          agree = agree || mine[k] == all[j][k];
          contradict = contradict || (mine[k] != all[j][k] && !mine[k].empty() && !all[j][k].empty());
          joined[k] = mine[k].empty() ? all[j][k] : mine[k];
        }
        if (agree && !contradict) {
          all[i] = joined;
          all[j] = joined;
        }
      }
    }
  }

  /// The keys that have a value somewhere in `all`; every one when there is no value at all.
  static std::vector<bool> with_values(const std::vector<Values> &all, std::size_t keys) {
    std::vector<bool> used(keys, false);
    for (const auto &values : all) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        used[i] = used[i] || !values[i].empty();
      }
    }
    return std::find(used.begin(), used.end(), true) == used.end() ? std::vector<bool>(keys, true) : used;
  }
  static std::vector<std::string_view> only(const std::vector<std::string_view> &list, const std::vector<bool> &used) {
    std::vector<std::string_view> result;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (used[i]) {
        result.push_back(list[i]);
      }
    }
    return result;
  }

  /// The first element whose fields have exactly these texts; keys without a value do not count if another has one.
  static Node *look_up(std::span<Node *const> items, const Keys &keys, const Values &values) {
    const auto counts = with_values({values}, keys.size());
    for (Node *item : items) {
      bool all = item->is_mapping();
      for (std::size_t i = 0; all && i < keys.size(); ++i) {
        const Node *field = item->find(keys[i]);
        all = !counts[i] || (field != nullptr && field->text() == values[i]);
      }
      if (all) {
        return item;
      }
    }
    return nullptr;
  }

  /// Replaces every element that has these values (an empty value: any) by `fresh`, or removes it if that is nullptr.
  /// Whether there was one. Empty elements go on the way, and all others when there are no values.
  Result<bool> exchange(Items &items, const Keys &keys, const Values &values, Node *fresh) const {
    Items kept;
    bool found = false;
    for (Node *item : items) {
      if (is_null(*item) || (item->is_mapping() && item->size == 0)) {
        continue;
      }
      if (!item->is_mapping()) {
        if (values.empty() || values[0].empty()) {
          return Error(Code::config, "a list of maps has an element that is none" + at());
        }
        kept.push_back(item);
        continue;
      }
      bool all = true;
      const Node *field = nullptr;
      for (std::size_t i = 0; all && i < keys.size(); ++i) {
        if (i < values.size()) {
          field = item->find(keys[i]);
          field = field != nullptr && (values[i].empty() || field->text() == values[i]) ? field : nullptr;
        }
        all = field != nullptr;
      }
      found = found || all;
      if (all ? fresh != nullptr : !values.empty()) {
        kept.push_back(all ? fresh : item);
      }
    }
    items = std::move(kept);
    return found;
  }
  Result<void> put(Items &items, const Keys &keys, const Values &values, Node *fresh) const {
    auto found = exchange(items, keys, values, fresh);
    if (!found) {
      return found.error();
    }
    if (!*found && !is_null(*fresh)) {
      items.push_back(fresh);
    }
    return {};
  }

  Result<Node *> elements(Node *target, Node *patch, const Keys &all_keys) {
    std::vector<Values> all; // those of the patch first
    for (const Node *from : {static_cast<const Node *>(patch), static_cast<const Node *>(target)}) {
      for (const Node *element : from != nullptr ? from->children() : std::span<Node *const>{}) {
        auto values = values_of(*element, all_keys);
        if (std::find(all.begin(), all.end(), values) == all.end()) {
          all.push_back(std::move(values));
        }
      }
    }
    if (all_keys.size() > 1) {
      complete(all);
    }
    const auto used = with_values(all, all_keys.size());
    const Keys keys = only(all_keys, used);
    Items mine(target->children().begin(), target->children().end());
    Items merged;
    for (const auto &of_all : all) {
      const Values values = only(of_all, used);
      Node *theirs = patch == nullptr ? nullptr : look_up(target == patch ? mine : patch->children(), keys, values);
      auto value = any(look_up(mine, keys, values), theirs);
      if (!value) {
        return value;
      }
      if (missing_or_null(*value) || ((*value)->is_mapping() && (*value)->size == 0)) {
        if (auto done = exchange(mine, keys, values, nullptr); !done) {
          return done.error();
        }
        continue;
      }
      for (std::size_t i = 0; i < keys.size(); ++i) {
        if ((*value)->find(keys[i]) == nullptr && !values[i].empty()) {
          set(arena_, **value, keys[i], make_scalar(arena_, values[i]));
        }
      }
      if (auto done = put(merged, keys, values, *value); !done) {
        return done.error();
      }
    }
    if (all.empty()) {
      return target;
    }
    for (Node *element : mine) {
      if (!element->is_mapping() && !is_null(*element)) {
        return Error(Code::config, "a list of maps has an element that is none" + at());
      }
      Values values;
      for (const auto key : keys) {
        if (const Node *field = element->find(key)) {
          values.push_back(field->text());
        } else {
          merged.push_back(element);
        }
      }
      if (keys.size() > 1) {
        if (auto done = exchange(merged, keys, values, nullptr); !done) {
          return done.error();
        }
      }
      if (auto done = put(merged, keys, values, element); !done) {
        return done.error();
      }
    }
    Node *out = make_node(arena_, NodeKind::sequence);
    for (Node *element : merged) {
      append(arena_, out, element);
    }
    return out;
  }

  Arena &arena_;
  const Gvk gvk_;
  std::vector<std::string_view> path_;
};

} // namespace

Result<Node *> strategic_merge(Arena &arena, const Gvk &gvk, Node *target, Node *patch) {
  return Merge(arena, gvk).any(target, patch);
}

} // namespace ksail::manifests::kustomize
