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

  /// Takes the directive out of a map, or out of a list that holds it as an element of its own.
  Result<Directive> directive(Node *patch) {
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
      erase(*patch, "$patch");
    } else if (patch->is_sequence()) {
      for (std::uint32_t i = 0; i < patch->size; ++i) {
        const Node *item = patch->items[i];
        if (item->pairs() == 1 && item->find("$patch") != nullptr) {
          text = item->find_text("$patch");
          erase_item(*patch, i);
          break;
        }
      }
      if (text.empty()) {
        return Directive::merge;
      }
    }
    if (text == "delete") {
      return Directive::remove;
    }
    if (text == "replace") {
      return Directive::replace;
    }
    if (text == "merge") {
      return Directive::merge;
    }
    return Error(Code::config, "unknown patch strategy `" + std::string(text) + "`" + at(),
                 "$patch takes merge, replace or delete");
  }

  Result<Node *> mapping(Node *target, Node *patch) {
    if (missing_or_null(target)) {
      auto wanted = directive(patch);
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

  using Values = std::vector<std::string_view>;

  static Values values_of(const Node &element, const std::vector<std::string_view> &keys) {
    Values values;
    for (const auto key : keys) {
      values.push_back(element.find_text(key));
    }
    return values;
  }
  /// Equal where both have a value, and in one of them at least.
  static bool alike(const Values &a, const Values &b) {
    bool common = false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (a[i] == b[i]) {
        common = true;
      } else if (!a[i].empty() && !b[i].empty()) {
        return false;
      }
    }
    return common;
  }

  Result<Node *> elements(Node *target, Node *patch, const std::vector<std::string_view> &keys) {
    const bool itself = target == patch;
    const bool several = keys.size() > 1;
    std::vector<Node *> mine(target->children().begin(), target->children().end());
    std::vector<Node *> front;       // of the patch
    std::vector<Node *> kept = mine; // of the object, nullptr where taken or deleted
    std::vector<Node *> theirs;
    if (patch != nullptr && !itself) {
      theirs.assign(patch->children().begin(), patch->children().end());
    }
    std::vector<bool> merged_already(mine.size(), false);
    for (Node *element : theirs) {
      const Values wanted = values_of(*element, keys);
      std::size_t match = mine.size();
      for (std::size_t i = 0; i < mine.size(); ++i) {
        const Values have = values_of(*mine[i], keys);
        if (several ? alike(have, wanted) : have == wanted) {
          match = i;
          break;
        }
      }
      if (match < mine.size() && kept[match] == nullptr) {
        continue; // deleted by an element before
      }
      const bool replace = element->find_text("$patch") == "replace";
      auto result = any(match < mine.size() ? mine[match] : nullptr, element);
      if (!result) {
        return result;
      }
      if (match == mine.size()) {
        if (*result != nullptr && (*result)->size > 0) {
          front.push_back(*result);
        }
        continue;
      }
      if (*result == nullptr || (*result)->size == 0) {
        kept[match] = nullptr;
        continue;
      }
      if (!replace) {
        mine[match] = *result; // else only its place changes, a quirk people rely on or not
      }
      if (several) {
        kept[match] = mine[match];
      } else if (!merged_already[match]) {
        front.push_back(mine[match]);
      }
      merged_already[match] = true;
    }
    Node *out = make_node(arena_, NodeKind::sequence);
    for (Node *element : front) {
      append(arena_, out, element);
    }
    for (std::size_t i = 0; i < mine.size(); ++i) {
      if (kept[i] == nullptr || (merged_already[i] && !several)) {
        continue;
      }
      auto result = merged_already[i] ? Result<Node *>(mine[i]) : any(mine[i], itself ? mine[i] : nullptr);
      if (!result) {
        return result;
      }
      if (*result != nullptr && (*result)->size > 0) {
        append(arena_, out, *result);
      }
    }
    return out->size == 0 && !itself && target->size > 0 ? nullptr : out;
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
