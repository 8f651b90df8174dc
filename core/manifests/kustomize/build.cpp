// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/build.hpp"

#include "manifests/json.hpp"
#include "manifests/kustomize/loader.hpp"
#include "manifests/kustomize/transformers.hpp"
#include "manifests/object_builder.hpp"
#include "manifests/yaml_writer.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace ksail::manifests::kustomize {
namespace {

/// Objects gathered so far, with what ids there are; transformers change ids.
class Gathered {
public:
  Resources list;

  Result<void> add(Resource *resource) {
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
  Result<void> add(const Resources &resources) {
    for (Resource *resource : resources) {
      if (auto done = add(resource); !done) {
        return done;
      }
    }
    return {};
  }
  void ids_change() { known_valid_ = false; }

private:
  std::unordered_set<std::string> known_;
  bool known_valid_ = false;
};

/// Fields of kustomize that this engine does not carry out. Refusing them beats a result that lacks something.
constexpr const char *kRefused[] = {
    "openapi",     "vars",         "crds",       "helmCharts",    "helmChartInflationGenerator",
    "generators",  "transformers", "validators", "buildMetadata", "configurations",
    "replacements"};

class Builder {
public:
  explicit Builder(BuildResult &result) : arena_(*result.arena), warnings_(result.warnings) {}

  Result<Resources> run(const Loader &loader) {
    Gathered gathered;
    auto kustomization = target(loader, gathered, false, {});
    if (!kustomization) {
      return kustomization.error();
    }
    for (Resource *resource : gathered.list) {
      if (resource->needs_hash) {
        resource->remember_id();
        resource->set_name(arena_, std::string(resource->name()) + "-" + content_hash(*resource->root));
      }
    }
    if (auto done = fix_name_references(arena_, gathered.list); !done) {
      return done.error();
    }
    std::erase_if(gathered.list, [](const Resource *resource) {
      const Node *annotations = resource->metadata_map("annotations");
      const Node *local = annotations != nullptr ? annotations->find("config.kubernetes.io/local-config") : nullptr;
      return local != nullptr && local->text() != "false";
    });
    if (auto done = sort_resources(gathered.list, *kustomization); !done) {
      return done.error();
    }
    for (Resource *resource : gathered.list) {
      std::vector<std::pair<std::string_view, std::string_view>> values;
      if (const Node *annotations = resource->metadata_map("annotations")) {
        for (std::size_t i = 0; i < annotations->pairs(); ++i) {
          values.emplace_back(annotations->key(i)->text(), annotations->value(i)->text());
        }
      }
      resource->set_metadata_map(arena_, "annotations", std::move(values));
    }
    return std::move(gathered.list);
  }

private:
  /// Builds one directory into `gathered`: what a component finds there is the parent's.
  Result<Kustomization> target(const Loader &loader, Gathered &gathered, bool as_component, const std::string &from) {
    auto file = loader.kustomization_file();
    if (!file) {
      return file.error();
    }
    auto text = loader.load(*file);
    if (!text) {
      return text.error();
    }
    const auto shown = (from.empty() ? loader.path().filename() : std::filesystem::path(from)) / *file;
    auto read = read_kustomization(*text, shown.string(), warnings_);
    if (!read) {
      return read;
    }
    const Kustomization &k = *read;
    if (k.is_component != as_component) {
      return Error(Code::config,
                   as_component ? k.file + " is used as a component, but its kind is not Component"
                                : k.file + " is a Component, and stands under `resources`",
                   as_component ? "list it under `resources`" : "list it under `components`");
    }
    for (const char *field : kRefused) {
      if (k.has(field)) {
        return Error(Code::unimplemented, k.file + ": the field `" + field + "` is not built in process",
                     "use `kustomize build DIR | ksail workload apply -f -`");
      }
    }
    const Loaded load = [&loader](const std::string &path) { return loader.load(path); };
    for (auto step : {&Builder::resources, &Builder::generated, &Builder::components}) {
      if (auto done = (this->*step)(k, loader, gathered, load); !done) {
        return done.error();
      }
    }
    if (auto done = transform(k, gathered.list, load); !done) {
      return done.error();
    }
    gathered.ids_change();
    return read;
  }

  Result<void> resources(const Kustomization &k, const Loader &loader, Gathered &gathered, const Loaded &load) {
    for (const auto &entry : k.list("resources")) {
      const auto path = entry.get<std::string>();
      const bool directory = std::filesystem::is_directory(loader.path() / path);
      if (!directory) {
        auto text = load(path);
        if (!text) {
          return std::move(text).error().in(k.file);
        }
        auto parsed = parse_resources(arena_, owned_, arena_.copy(*text), path);
        if (!parsed) {
          return std::move(parsed).error().in(k.file);
        }
        if (auto done = gathered.add(*parsed); !done) {
          return std::move(done).error().in(k.file + ": " + path);
        }
        continue;
      }
      auto child = loader.directory(path);
      if (!child) {
        return std::move(child).error().in(k.file);
      }
      Gathered base;
      if (auto built = target(*child, base, false, path); !built) {
        return std::move(built).error().in(k.file);
      }
      if (auto done = gathered.add(base.list); !done) {
        return std::move(done).error().in(k.file + ": " + path);
      }
    }
    return {};
  }

  Result<void> components(const Kustomization &k, const Loader &loader, Gathered &gathered, const Loaded &) {
    for (const auto &entry : k.list("components")) {
      const auto path = entry.get<std::string>();
      auto child = loader.directory(path);
      if (!child) {
        return std::move(child).error().in(k.file);
      }
      if (auto built = target(*child, gathered, true, path); !built) {
        return std::move(built).error().in(k.file);
      }
    }
    return {};
  }

  Result<void> generated(const Kustomization &k, const Loader &, Gathered &gathered, const Loaded &load) {
    for (const char *field : {"configMapGenerator", "secretGenerator"}) {
      for (auto entry : k.list(field)) {
        const auto where = k.file + ": " + field + " " + text_of(entry, "name");
        entry["options"] = merged_options(k, entry);
        auto made = generate(arena_, owned_, std::string_view(field) == "secretGenerator", entry, where, load);
        if (!made) {
          return std::move(made).error().in(where);
        }
        if (auto done = absorb(gathered, *made); !done) {
          return std::move(done).error().in(where);
        }
      }
    }
    return {};
  }

  static nlohmann::json merged_options(const Kustomization &k, const nlohmann::json &entry) {
    auto options = k.fields.value("generatorOptions", nlohmann::json::object());
    const auto own = entry.value("options", nlohmann::json::object());
    for (const char *field : {"labels", "annotations"}) {
      if (own.contains(field)) {
        options[field].update(own[field]);
      }
    }
    for (const char *field : {"disableNameSuffixHash", "immutable"}) {
      options[field] = flag_of(options, field) || flag_of(own, field);
    }
    return options;
  }

  /// A generated object is new, replaces one, or is merged into one.
  Result<void> absorb(Gathered &gathered, Resource *made) {
    const ResId wanted = made->id();
    std::vector<std::size_t> matches;
    for (std::size_t i = 0; i < gathered.list.size(); ++i) {
      if (gathered.list[i]->any_id([&](const ResId &id) { return id.equals(wanted); })) {
        matches.push_back(i);
      }
    }
    const bool changes = made->behavior == Behavior::merge || made->behavior == Behavior::replace;
    if (matches.empty()) {
      return changes ? Error(Code::config, "there is no " + wanted.text() + " to merge into or to replace",
                             "behavior: create")
                     : gathered.add(made);
    }
    if (matches.size() > 1) {
      return Error(Code::config, "several objects could be meant by " + wanted.text());
    }
    if (!changes) {
      return Error(Code::config, wanted.text() + " is there already", "set `behavior` to merge or replace");
    }
    const Resource &old = *gathered.list[matches[0]];
    for (const char *field : {"labels", "annotations"}) {
      made->set_metadata_map(arena_, field, joined(old.metadata_map(field), made->metadata_map(field)));
    }
    if (made->behavior == Behavior::merge) {
      for (const char *field : {"data", "binaryData"}) {
        auto values = joined(old.root->find(field), made->root->find(field));
        erase(*made->root, field);
        if (!values.empty()) {
          Node *map = set(arena_, *made->root, field, make_node(arena_, NodeKind::mapping));
          for (const auto &[key, value] : values) {
            set(arena_, *map, key, make_string(arena_, value));
          }
        }
      }
    }
    made->set_name(arena_, old.name());
    made->set_namespace(arena_, old.ns());
    made->previous = old.previous;
    made->prefixes = old.prefixes;
    made->suffixes = old.suffixes;
    made->needs_hash = made->needs_hash && old.needs_hash;
    made->behavior = old.behavior;
    gathered.list[matches[0]] = made;
    gathered.ids_change();
    return {};
  }

  static std::vector<std::pair<std::string_view, std::string_view>> joined(const Node *old, const Node *fresh) {
    std::vector<std::pair<std::string_view, std::string_view>> values;
    for (const Node *from : {fresh, old}) {
      for (std::size_t i = 0; from != nullptr && i < from->pairs(); ++i) {
        const auto key = from->key(i)->text();
        if (std::none_of(values.begin(), values.end(), [&](const auto &value) { return value.first == key; })) {
          values.emplace_back(key, from->value(i)->text());
        }
      }
    }
    return values;
  }

  Result<void> transform(const Kustomization &k, Resources &list, const Loaded &load) {
    for (const char *field : {"patchesStrategicMerge", "patches"}) {
      if (auto done = apply_patches(arena_, list, k, field, load); !done) {
        return done;
      }
    }
    using Rename = Result<void> (*)(Arena &, Resources &, const std::string &);
    for (const auto &[field, rename] : std::initializer_list<std::pair<const char *, Rename>>{
             {"namespace", &kustomize::set_namespace}, {"namePrefix", &add_prefix}, {"nameSuffix", &add_suffix}}) {
      if (const auto value = k.text(field); !value.empty()) {
        if (auto done = rename(arena_, list, value); !done) {
          return std::move(done).error().in(k.file);
        }
      }
    }
    if (auto done = add_labels(arena_, list, k); !done) {
      return done;
    }
    if (auto done = add_annotations(arena_, list, k); !done) {
      return done;
    }
    if (auto done = apply_patches(arena_, list, k, "patchesJson6902", load); !done) {
      return done;
    }
    if (auto done = set_replicas(arena_, list, k); !done) {
      return done;
    }
    return set_images(arena_, list, k);
  }

  Arena &arena_;
  std::vector<std::string> &warnings_;
  std::vector<std::unique_ptr<Resource>> owned_;
};

} // namespace

Result<BuildResult> build(const std::string &directory, const BuildOptions &options) {
  auto loader = Loader::root(directory, options.load_restrictor);
  if (!loader) {
    return loader.error();
  }
  BuildResult result;
  result.arena = std::make_unique<Arena>();
  Builder builder(result); // owns what `built` points to
  auto built = builder.run(*loader);
  if (!built) {
    return std::move(built).error().in("building " + directory);
  }
  for (const Resource *resource : *built) {
    result.objects.push_back(resource->root);
  }
  return result;
}

Result<std::string> to_yaml(const BuildResult &result) {
  std::string out;
  for (const Node *object : result.objects) {
    if (!out.empty()) {
      out += "---\n";
    }
    if (const auto error = write_yaml(*object, Rules::kustomize, out)) {
      return Error(Code::config, "writing the " + std::string(object->find_text("kind")) + ": " + error->message);
    }
  }
  return out;
}

Result<std::vector<Object>> to_objects(const BuildResult &result, const std::string &directory) {
  std::vector<Object> objects;
  objects.reserve(result.objects.size());
  for (const Node *root : result.objects) {
    Object object;
    const Node *data = root->find("metadata");
    object.api_version = root->find_text("apiVersion");
    object.kind = root->find_text("kind");
    if (data != nullptr) {
      object.ns = data->find_text("namespace");
      object.name = data->find_text("name");
    }
    object.where = {directory, 0, 0};
    if (const auto error = write_json(*root, Rules::kustomize, object.json)) {
      return Error(Code::config,
                   "writing the " + object.kind + " " + object.name + " of " + directory + ": " + error->message);
    }
    objects.push_back(std::move(object));
  }
  return objects;
}

} // namespace ksail::manifests::kustomize
