// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/transformers.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace ksail::manifests::kustomize {
namespace {

/// What is asked of an object again and again; names do not change while references are fixed.
struct Facts {
  Resource *resource;
  ResId now;
  ResId before;
  std::string_view ns; ///< effective
  std::string_view original_ns;
};

using Affixes = std::vector<std::string_view>;

/// The shorter list is how the longer one ends. Nothing ends only like nothing.
bool end_alike(const Affixes &a, const Affixes &b) {
  if (a.empty() || b.empty()) {
    return a.empty() && b.empty();
  }
  const auto n = static_cast<std::ptrdiff_t>(std::min(a.size(), b.size()));
  return std::equal(a.end() - n, a.end(), b.end() - n);
}

/// How close the prefixes and suffixes of two objects are: those of the same layers say that they belong together.
enum class Kinship : std::uint8_t { none, possible, certain };

Kinship kinship(const Resource &a, const Resource &b) {
  const bool prefixes = end_alike(a.prefixes, b.prefixes);
  const bool suffixes = end_alike(a.suffixes, b.suffixes);
  if (prefixes && suffixes) {
    return Kinship::certain;
  }
  const bool could_be =
      (prefixes || a.prefixes.empty() || b.prefixes.empty()) && (suffixes || a.suffixes.empty() || b.suffixes.empty());
  return could_be ? Kinship::possible : Kinship::none;
}

class Fixer {
public:
  Fixer(Arena &arena, Resources &resources, const std::vector<NameReference> &rules)
      : arena_(arena), all_rules_(rules) {
    all_.reserve(resources.size());
    for (Resource *resource : resources) {
      const ResId now = resource->id();
      const ResId before = resource->original_id();
      all_.push_back({resource, now, before, now.effective_namespace(), before.effective_namespace()});
      original_namespaces_.insert(all_.back().original_ns);
    }
    for (const auto &facts : all_) {
      std::unordered_set<std::string_view> names;
      for (const auto &id : facts.resource->previous) {
        if (names.insert(id.name).second) {
          by_previous_name_[id.name].push_back(&facts);
        }
      }
    }
  }

  Result<void> run() {
    for (const auto &referrer : all_) {
      if (referrer.now.gvk.kind == "RoleBinding") {
        if (auto done = check_subjects(referrer); !done) {
          return done;
        }
      }
    }
    // Even where nothing was renamed: a field on the way to a name that is neither map nor list is an error.
    for (const auto &referrer : all_) {
      const auto &rules = rules_of(referrer.before.gvk.kind);
      subject_namespaces_.clear();
      if (referrer.now.gvk.kind == "RoleBinding") {
        remember_subject_namespaces(*referrer.resource->root);
      }
      for (const auto *rule : rules) {
        if (!referrer.before.gvk.selected_by(rule->referrer.gvk())) {
          continue;
        }
        auto done = visit_path(arena_, *referrer.resource->root, split(rule->referrer.path), false, std::nullopt,
                               [&](Node &node) { return value(node, referrer, *rule); });
        if (!done) {
          return std::move(done).error().in("the name in " + rule->referrer.path + " of " + referrer.now.text());
        }
      }
    }
    return {};
  }

private:
  /// In the order they take effect; most kinds refer to nothing.
  const std::vector<const NameReference *> &rules_of(std::string_view kind) {
    auto [at, fresh] = rules_.try_emplace(kind);
    if (fresh) {
      for (const auto &rule : all_rules_) {
        if (rule.referrer.kind.empty() || rule.referrer.kind == kind) {
          at->second.push_back(&rule);
        }
      }
    }
    return at->second;
  }

  const std::vector<std::string> &split(const std::string &path) {
    auto [at, fresh] = paths_.try_emplace(path);
    if (fresh) {
      at->second = split_path(path, '/');
    }
    return at->second;
  }

  static Result<void> check_subjects(const Facts &referrer) {
    const Node *subjects = referrer.resource->root->find("subjects");
    for (const Node *subject : subjects != nullptr ? subjects->children() : std::span<Node *const>{}) {
      const Node *ns = subject->find("namespace");
      if (ns != nullptr && is_null(*ns) && subject->find_text("kind") == "ServiceAccount") {
        return Error(Code::config, "a subject of " + referrer.now.text() + " has an empty namespace",
                     "name one, or leave `namespace` out");
      }
    }
    return {};
  }

  void remember_subject_namespaces(const Node &root) {
    const Node *subjects = root.find("subjects");
    for (const Node *subject : subjects != nullptr ? subjects->children() : std::span<Node *const>{}) {
      if (subject->find_text("kind") == "ServiceAccount" && subject->find("namespace") != nullptr) {
        subject_namespaces_.insert(subject->find_text("namespace"));
      }
    }
  }

  Result<void> value(Node &node, const Facts &referrer, const NameReference &rule) {
    if (is_null(node)) {
      return {};
    }
    if (node.is_scalar()) {
      return scalar(node, referrer, rule);
    }
    if (node.is_mapping()) {
      return mapping(node, referrer, rule);
    }
    for (Node *item : node.children()) {
      if (auto done = is_null(*item)      ? Result<void>()
                      : item->is_scalar() ? scalar(*item, referrer, rule)
                                          : mapping(*item, referrer, rule);
          !done) {
        return done;
      }
    }
    return {};
  }

  Result<void> scalar(Node &node, const Facts &referrer, const NameReference &rule) {
    auto found = select(node.text(), nullptr, false, referrer, rule);
    if (found && *found != nullptr && (*found)->now.name != node.text()) {
      assign(arena_, node, (*found)->now.name, Tag::none);
    }
    return found ? Result<void>() : found.error();
  }

  Result<void> mapping(Node &node, const Facts &referrer, const NameReference &rule) {
    Node *name = node.find("name");
    if (name == nullptr) {
      return Error(Code::config, "the map there has no `name`");
    }
    const Node *ns = node.find("namespace");
    auto found = select(name->text(), ns, true, referrer, rule);
    if (!found) {
      return found.error();
    }
    if (*found == nullptr) {
      return {};
    }
    const auto &target = **found;
    if (target.now.name == name->text() && target.now.ns.empty()) {
      return {};
    }
    assign(arena_, *name, target.now.name, Tag::none);
    if (!target.now.ns.empty()) {
      set(arena_, node, "namespace", make_scalar(arena_, target.now.ns));
    }
    return {};
  }

  bool reachable(const Facts &referrer, const Facts &target) const {
    return referrer.ns == kNoNamespace || target.ns == kNoNamespace || target.ns == referrer.ns ||
           (!subject_namespaces_.empty() && subject_namespaces_.contains(target.now.ns));
  }

  static bool once_selected_by(const Facts &target, const Gvk &gvk) {
    for (std::size_t i = 0; i < target.resource->previous.size(); ++i) {
      if (target.resource->previous_id(i).gvk.selected_by(gvk)) {
        return true;
      }
    }
    return false;
  }

  /// `with_namespace`: the reference takes the namespace of what it means, too.
  Result<const Facts *> select(std::string_view name, const Node *ns, bool with_namespace, const Facts &referrer,
                               const NameReference &rule) {
    const auto named = by_previous_name_.find(name);
    if (named == by_previous_name_.end()) {
      return static_cast<const Facts *>(nullptr);
    }
    std::optional<Gvk> role;
    if (rule.referrer.path.ends_with("roleRef/name")) {
      const Node *reference = referrer.resource->root->find("roleRef");
      const Node *group = reference != nullptr ? reference->find("apiGroup") : nullptr;
      const Node *kind = reference != nullptr ? reference->find("kind") : nullptr;
      if (group != nullptr && kind != nullptr) {
        role = Gvk{group->text(), {}, kind->text()};
      }
    }
    const bool by_original = ns != nullptr && any_originally_in(ns->text(), referrer);
    std::vector<const Facts *> candidates;
    for (const Facts *target : named->second) {
      if (!reachable(referrer, *target) ||
          (ns != nullptr && (by_original ? target->original_ns : target->ns) != ns->text()) ||
          !once_selected_by(*target, rule.target) || (role && !once_selected_by(*target, *role))) {
        continue;
      }
      if (referrer.ns != kNoNamespace && target->ns != kNoNamespace && target->now.gvk.kind != "ServiceAccount" &&
          target->ns != referrer.ns) {
        continue;
      }
      candidates.push_back(target);
    }
    if (candidates.size() == 1) {
      return candidates[0];
    }
    std::erase_if(candidates,
                  [&](const Facts *c) { return kinship(*c->resource, *referrer.resource) == Kinship::none; });
    if (candidates.size() > 1) {
      std::erase_if(candidates,
                    [&](const Facts *c) { return kinship(*c->resource, *referrer.resource) != Kinship::certain; });
    }
    if (candidates.empty()) {
      return static_cast<const Facts *>(nullptr);
    }
    for (const Facts *other : candidates) {
      if (other->now.name != candidates[0]->now.name || (with_namespace && other->now.ns != candidates[0]->now.ns)) {
        return Error(Code::config,
                     "the name " + std::string(name) + " could mean " + candidates[0]->now.text() + " or " +
                         other->now.text(),
                     "give the objects names that differ before prefixes are added");
      }
    }
    return candidates[0];
  }

  bool any_originally_in(std::string_view ns, const Facts &referrer) const {
    if (ns == kNoNamespace || !original_namespaces_.contains(ns)) {
      return false;
    }
    return std::any_of(all_.begin(), all_.end(),
                       [&](const Facts &f) { return f.original_ns == ns && reachable(referrer, f); });
  }

  Arena &arena_;
  const std::vector<NameReference> &all_rules_;
  std::vector<Facts> all_;
  std::unordered_map<std::string_view, std::vector<const Facts *>> by_previous_name_;
  std::unordered_map<std::string_view, std::vector<const NameReference *>> rules_;
  std::unordered_map<std::string, std::vector<std::string>> paths_;
  std::unordered_set<std::string_view> original_namespaces_;
  std::unordered_set<std::string_view> subject_namespaces_;
};

} // namespace

Result<void> fix_name_references(Arena &arena, Resources &resources, const std::vector<NameReference> &rules) {
  return Fixer(arena, resources, rules).run();
}

} // namespace ksail::manifests::kustomize
