// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/strategic_merge.hpp"

#include "manifests/kustomize/keyed_list.hpp"
#include "manifests/kustomize/written_yaml.hpp"

#include <algorithm>
#include <set>

namespace ksail::manifests::kustomize {
namespace {

enum class Directive : std::uint8_t { merge, replace, remove };

/// kustomize sets every field anew, and what replaces a text that gets quotes by that stays a text.
void settle(Node &scalar) {
  if (is_untyped(scalar) || tag_as_read(scalar) == Tag::str) {
    quote_if_needed(scalar);
  }
}

/// The patch's `value` in the place of `old`, whose style stays: what was quoted is a text from then on, and what was
/// plain is so again, whatever quotes the patch has.
Node *replacement(Arena &arena, const Node &old, const Node &value) {
  if (old.style != Style::plain) {
    return make_scalar(arena, value.text(), old.style, old.tag);
  }
  if (value.style == Style::plain) {
    return clone(arena, value);
  }
  const auto style = value.text().find('\n') == std::string_view::npos ? Style::plain : Style::literal;
  return make_scalar(arena, value.text(), style, tag_as_read(value));
}

class Merge {
public:
  Merge(Arena &arena, const Gvk &gvk, const Schema *schema) : arena_(arena), gvk_(gvk), schema_(schema) {}

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

  Error wrong_element(const char *what) const {
    return Error(Code::config, "an element of the list" + at() + " is " + what + ", and patches cannot be merged",
                 "make all elements alike; kustomize merges no others either");
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
        if (names.back().empty()) { // a list or a map reads so, too
          return Error(Code::config, "a key without a text cannot be merged" + at(),
                       "give the key a name; kustomize merges none without either");
        }
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
      if (theirs == nullptr && mine->is_scalar() && (is_untyped(*mine) || !is_null(*mine))) {
        settle(*mine);
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
        if (mine != nullptr && mine->is_scalar() && (*merged)->is_scalar()) {
          *merged = replacement(arena_, *mine, **merged);
        }
        if (mine != nullptr) {
          *mine = **merged; // in its place: where a label stands in several places as one node, all of them follow
          continue;
        }
        set(arena_, *target, name, *merged);
        for (std::size_t i = 0; i < patch->pairs(); ++i) {
          if (patch->key(i)->text() == name) {
            target->key(target->pairs() - 1)->style = patch->key(i)->style; // a quoted key stays one
          }
        }
      }
    }
    return target;
  }

  Result<Node *> list(Node *target, Node *patch) {
    const auto keys = schema_ != nullptr ? schema_->merge_keys(gvk_, path_) : merge_keys(gvk_, path_);
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

  /// What is no single value may speak for itself ($patch) and go, but not stay.
  Result<Node *> scalars(Node *target, Node *patch) {
    std::vector<Node *> out;
    const auto first = [](const Node *list, std::string_view text) -> Node * {
      const auto items = list != nullptr ? list->children() : std::span<Node *const>{};
      const auto at = std::find_if(items.begin(), items.end(), [&](const Node *item) { return item->text() == text; });
      return at == items.end() ? nullptr : *at;
    };
    std::set<std::string_view> seen;
    for (const Node *from : {patch, target}) {
      for (Node *item : from != nullptr ? from->children() : std::span<Node *const>{}) {
        const auto text = item->text();
        if (!seen.insert(text).second) {
          continue;
        }
        Node *mine = first(target, text);
        Node *theirs = first(patch, text);
        Node *chosen = theirs != nullptr ? theirs : mine;
        if (!chosen->is_scalar()) {
          auto merged = any(mine, theirs);
          if (!merged) {
            return merged;
          }
          if (!nothing_in(*merged)) {
            return wrong_element("no single value");
          }
          continue;
        }
        if (!is_untyped(*chosen) && is_null(*chosen)) {
          continue;
        }
        if (!text.empty()) {
          assign(arena_, *chosen, text, Tag::none); // kustomize sets the text as its own key, and the type is lost
        }
        out.push_back(chosen);
      }
    }
    // The elements of the object then take the places of those that read the same.
    for (Node *item : target != nullptr ? target->children() : std::span<Node *const>{}) {
      if (!item->is_scalar() && !nothing_in(item)) {
        return wrong_element("no single value");
      }
      if (!item->is_scalar() || (!is_untyped(*item) && is_null(*item))) {
        continue;
      }
      const auto same_text =
          std::find_if(out.begin(), out.end(), [&](const Node *o) { return o->text() == item->text(); });
      if (same_text != out.end()) {
        *same_text = item;
      } else {
        out.push_back(item);
      }
    }
    Node *result = make_node(arena_, NodeKind::sequence);
    for (Node *item : out) {
      append(arena_, result, item);
    }
    return result;
  }

  /// What the patch says of elements, then what else the object has.
  Result<Node *> elements(Node *target, Node *patch, const KeyNames &keys) {
    const bool itself = target == patch;
    const Node *const lists[] = {patch, target};
    const auto all = identities(lists, keys);
    const auto used = used_keys(all, keys);
    std::vector<Node *> rest(target->children().begin(), target->children().end());
    std::vector<Node *> out;
    for (const auto &identity : all) {
      const auto values = used_values(identity, keys, used);
      Node *mine = find_element(rest, used, values);
      Node *theirs = patch != nullptr ? find_element(itself ? rest : patch->children(), used, values) : nullptr;
      // The same element of a patch may be met twice.
      auto result = any(mine, itself || theirs == nullptr ? theirs : clone(arena_, *theirs));
      if (!result) {
        return result;
      }
      if (*result == nullptr || is_null(**result) || ((*result)->is_mapping() && (*result)->size == 0)) {
        put_element(rest, nullptr, used, values);
      } else {
        put_element(out, *result, used, values);
      }
    }
    for (Node *element : rest) {
      if (!element->is_mapping() && !is_null(*element)) {
        return wrong_element("no map");
      }
      put_by_own_values(out, element, used);
    }
    Node *list = make_node(arena_, NodeKind::sequence);
    for (Node *element : out) {
      append(arena_, list, element);
    }
    return list;
  }

  Arena &arena_;
  const Gvk gvk_;
  const Schema *const schema_;
  std::vector<std::string_view> path_;
};

} // namespace

Result<Node *> strategic_merge(Arena &arena, const Gvk &gvk, Node *target, Node *patch, const Schema *schema) {
  return Merge(arena, gvk, schema).any(target, patch);
}

} // namespace ksail::manifests::kustomize
