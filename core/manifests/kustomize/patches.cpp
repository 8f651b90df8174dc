// SPDX-License-Identifier: Apache-2.0
#include "manifests/json.hpp"
#include "manifests/kustomize/json_patch.hpp"
#include "manifests/kustomize/selector.hpp"
#include "manifests/kustomize/strategic_merge.hpp"
#include "manifests/kustomize/transformers.hpp"

#include <algorithm>
#include <map>

namespace ksail::manifests::kustomize {
namespace {

class Patcher {
public:
  Patcher(const PatchSetting &setting, Resources &resources)
      : arena_(setting.arena), resources_(resources), load_(setting.load), schema_(setting.schema),
        schema_needed_(setting.schema_needed) {}

  Result<void> entry(const nlohmann::json &entry, const std::string &where, bool only_operations) {
    auto text = text_of(entry, "patch");
    text.erase(0, std::min(text.find_first_not_of(" \t\n\r"), text.size()));
    text.erase(text.find_last_not_of(" \t\n\r") + 1);
    const auto path = text_of(entry, "path");
    if (text.empty() == path.empty()) {
      return Error(Code::config, where + " needs either `path` or `patch`");
    }
    if (!path.empty()) {
      auto loaded = load_(path);
      if (!loaded) {
        return loaded.error();
      }
      text = std::move(*loaded);
    }
    auto merges = parse_resources(arena_, owned_, arena_.copy(text), path.empty() ? where : path);
    auto operations = parse_operations(text);
    if (operations && merges && !merges->empty() && !operations->empty()) {
      return Error(Code::config, where + " is both a strategic merge patch and a JSON patch");
    }
    const auto options = entry.value("options", nlohmann::json::object());
    if (only_operations && (text_of(entry.value("target", nlohmann::json::object()), "name").empty() ||
                            (operations && operations->empty()))) {
      return Error(Code::config, where + " needs a `target` with a name, and at least one operation",
                   "`patches` takes targets without a name");
    }
    if (operations && (only_operations || !merges)) {
      return apply_operations(entry, *operations, only_operations, where);
    }
    if (!merges || only_operations) {
      auto error = merges ? Error(Code::config, "no list of operations") : merges.error();
      return std::move(error).in(where + " is neither an object to merge nor a list of JSON patch operations");
    }
    for (Resource *patch : *merges) {
      patch->allow_name_change = flag_of(options, "allowNameChange");
      patch->allow_kind_change = flag_of(options, "allowKindChange");
    }
    if (!entry.contains("target")) {
      return merge_by_id(*merges, where, false);
    }
    if (merges->empty()) {
      return {}; // a file of comments
    }
    if (merges->size() != 1) {
      return Error(Code::config,
                   where + " has a target, so it takes exactly one patch, but holds " + std::to_string(merges->size()),
                   "split it into entries of one patch each");
    }
    auto selector = Selector::make(entry["target"], where);
    if (!selector) {
      return selector.error();
    }
    for (Resource *resource : Resources(resources_)) {
      if (selector->matches(*resource)) {
        auto fitted = fitted_to(*resource, *merges->front());
        if (auto done = merge(*resource, fitted, where); !done) {
          return done;
        }
      }
    }
    drop_deleted();
    return all_different(where);
  }

  /// An entry of patchesStrategicMerge: YAML or the path of a file.
  Result<std::size_t> inline_or_file(const std::string &item, const std::string &where) {
    auto merges = parse_resources(arena_, owned_, arena_.copy(item), where);
    if (!merges) {
      auto loaded = load_(item);
      if (!loaded) {
        return loaded.error();
      }
      merges = parse_resources(arena_, owned_, arena_.copy(*loaded), item);
      if (!merges) {
        return merges.error();
      }
    }
    const auto count = merges->size();
    if (auto done = merge_by_id(*merges, where, true); !done) {
      return done.error();
    }
    return count;
  }

private:
  static std::optional<nlohmann::json> parse_operations(const std::string &text) {
    nlohmann::json value;
    if (text.starts_with('[')) {
      value = nlohmann::json::parse(text, nullptr, false);
    } else {
      Arena arena;
      YamlParser parser(text);
      Node *root = nullptr;
      std::string json;
      if (parser.next(arena, root) || root == nullptr || write_json(*root, Rules::kubectl, json)) {
        return std::nullopt;
      }
      value = nlohmann::json::parse(json);
    }
    return is_json_patch(value) ? std::optional(std::move(value)) : std::nullopt;
  }

  /// `old_field`: an entry of patchesJson6902, after which an object is not known by its former name.
  Result<void> apply_operations(const nlohmann::json &entry, const nlohmann::json &operations, bool old_field,
                                const std::string &where) {
    if (!entry.contains("target")) {
      return Error(Code::config, where + " is a JSON patch and names no target", "add `target:` with kind and name");
    }
    auto selector = Selector::make(entry["target"], where);
    if (!selector) {
      return selector.error();
    }
    for (Resource *resource : resources_) {
      if (!selector->matches(*resource)) {
        continue;
      }
      if (!old_field) {
        resource->remember_id();
      }
      resource->put_history(arena_);
      if (auto done = apply_json_patch(arena_, *resource->root, operations); !done) {
        return std::move(done).error().in(where + ", " + resource->id().text());
      }
      resource->check_history();
      // kustomize writes its own annotations back: every annotation becomes a text, and what is no map gives way.
      if (Node *data = resource->metadata(); data != nullptr && data->is_mapping() && data->find("annotations")) {
        const auto texts = annotations_as_read(*data->find("annotations"));
        if (texts.contains("") && !old_field) { // kustomize fails to write them, and goes on with none
          resource->forget();
          set(arena_, *data, "annotations", make_node(arena_, NodeKind::mapping));
          continue;
        }
        if (texts.contains("")) {
          return Error(Code::config,
                       where + ", " + resource->id().text() + ": after the patch an annotation has no name",
                       "`annotations` takes a map of texts");
        }
        resource->set_metadata_map(arena_, "annotations", {texts.begin(), texts.end()});
      }
    }
    return {};
  }

  /// Annotations as kustomize reads its own back: it takes the elements of a list for keys and values by turns.
  static std::map<std::string_view, std::string_view> annotations_as_read(const Node &annotations) {
    std::map<std::string_view, std::string_view> texts;
    const auto nodes = annotations.children();
    for (std::size_t i = 0; i + 1 < nodes.size(); i += 2) {
      texts[nodes[i]->text()] = nodes[i + 1]->text();
    }
    return texts;
  }

  /// `old_field`: entries of patchesStrategicMerge, which are fitted as patches with a target are.
  Result<void> merge_by_id(const Resources &merges, const std::string &where, bool old_field) {
    for (Resource *patch : merges) {
      const ResId wanted = patch->id();
      Resource *target = nullptr;
      for (Resource *resource : resources_) {
        if (resource->root != nullptr && resource->any_id([&](const ResId &id) { return id.equals(wanted); })) {
          if (target != nullptr) {
            return Error(Code::config, where + ": several objects match the patch of " + wanted.text(),
                         "add a `target`");
          }
          target = resource;
        }
      }
      if (target == nullptr) {
        return Error(Code::config, where + ": there is no " + wanted.text() + " to patch",
                     "a patch names kind, apiVersion, name and namespace of an object in `resources`");
      }
      if (auto done = merge(*target, old_field ? fitted_to(*target, *patch) : *patch, where); !done) {
        return done;
      }
      if (old_field) {
        drop_deleted();
        if (auto done = all_different(where); !done) {
          return done;
        }
      }
    }
    drop_deleted();
    return {};
  }

  /// Patches that change names may make two objects one.
  Result<void> all_different(const std::string &where) const {
    if (const Resource *second = with_id_of_another(resources_)) {
      return Error(Code::config, where + ": after the patch there are two objects " + second->id().text(),
                   "let it change one of them only");
    }
    return {};
  }

  Result<void> merge(Resource &target, const Resource &patch, const std::string &where) {
    const auto name = target.name();
    const auto ns = target.ns();
    const auto kind = target.kind();
    const auto gvk = target.gvk();
    if (patch.allow_name_change || patch.allow_kind_change) {
      target.remember_id();
    }
    target.put_memory(arena_);
    schema_needed_ = true;
    auto merged = strategic_merge(arena_, gvk, target.root, clone(arena_, *patch.root), schema_);
    if (!merged) {
      return std::move(merged).error().in(where + ", " + target.id().text());
    }
    if (*merged == nullptr || (*merged == target.root && nothing_in(*merged))) {
      target.root = nullptr;
      return {};
    }
    // With `$patch: replace` for all of the object there is another one in its place. kustomize does not look at that:
    // the object stays as it is.
    target.check_memory();
    if (!patch.allow_kind_change) {
      set(arena_, *target.root, "kind", make_string(arena_, kind));
    }
    if (!patch.allow_name_change) {
      target.set_name(arena_, name);
    }
    target.set_namespace(arena_, ns);
    return {};
  }

  /// A patch with a target takes its type from the object it is applied to. Its labels and annotations become
  /// strings first, so that a null among them deletes nothing: a quirk of kustomize's.
  Resource fitted_to(const Resource &target, const Resource &patch) {
    Resource fitted = patch;
    fitted.root = clone(arena_, *patch.root);
    set(arena_, *fitted.root, "apiVersion", make_string(arena_, target.root->find_text("apiVersion")));
    for (const char *field : {"labels", "annotations"}) {
      fitted.set_metadata_map(arena_, field, fitted.metadata_texts(field));
    }
    return fitted;
  }

  void drop_deleted() {
    std::erase_if(resources_, [](const Resource *resource) { return resource->root == nullptr; });
  }

  Arena &arena_;
  Resources &resources_;
  const Loaded &load_;
  const Schema *const schema_;
  bool &schema_needed_;
  Owned owned_;
};

} // namespace

Result<void> apply_patch(const PatchSetting &setting, Resources &resources, const Json &entry, bool only_operations,
                         const std::string &where) {
  return Patcher(setting, resources).entry(entry, where, only_operations);
}

Result<std::size_t> apply_merge_patch(const PatchSetting &setting, Resources &resources,
                                      const std::string &text_or_path, const std::string &where) {
  return Patcher(setting, resources).inline_or_file(text_or_path, where);
}

} // namespace ksail::manifests::kustomize
