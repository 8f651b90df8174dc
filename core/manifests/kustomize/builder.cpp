// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/builder.hpp"

#include "manifests/kustomize/build_annotations.hpp"
#include "manifests/kustomize/builtin_plugins.hpp"
#include "manifests/kustomize/folded_text.hpp"

#include <algorithm>
#include <set>
#include <unordered_set>

namespace ksail::manifests::kustomize {

namespace {

std::vector<std::string> texts(const Kustomization &k, const char *field) {
  std::vector<std::string> out;
  for (const auto &entry : k.list(field)) {
    out.push_back(entry.get<std::string>());
  }
  return out;
}

/// Whether kustomize can tell the scope of its kind without its schema (Kubernetes 1.21).
bool has_known_scope(const Resource &resource) {
  static const std::set<std::string_view> kVersions = {"v1",
                                                       "admissionregistration.k8s.io/v1",
                                                       "admissionregistration.k8s.io/v1beta1",
                                                       "apiextensions.k8s.io/v1",
                                                       "apiextensions.k8s.io/v1beta1",
                                                       "apiregistration.k8s.io/v1",
                                                       "apiregistration.k8s.io/v1beta1",
                                                       "apps/v1",
                                                       "autoscaling/v1",
                                                       "autoscaling/v2beta1",
                                                       "autoscaling/v2beta2",
                                                       "batch/v1",
                                                       "batch/v1beta1",
                                                       "certificates.k8s.io/v1",
                                                       "certificates.k8s.io/v1beta1",
                                                       "coordination.k8s.io/v1",
                                                       "coordination.k8s.io/v1beta1",
                                                       "discovery.k8s.io/v1",
                                                       "discovery.k8s.io/v1beta1",
                                                       "events.k8s.io/v1",
                                                       "events.k8s.io/v1beta1",
                                                       "extensions/v1beta1",
                                                       "flowcontrol.apiserver.k8s.io/v1beta1",
                                                       "networking.k8s.io/v1",
                                                       "networking.k8s.io/v1beta1",
                                                       "node.k8s.io/v1",
                                                       "node.k8s.io/v1beta1",
                                                       "policy/v1",
                                                       "policy/v1beta1",
                                                       "rbac.authorization.k8s.io/v1",
                                                       "rbac.authorization.k8s.io/v1beta1",
                                                       "scheduling.k8s.io/v1",
                                                       "scheduling.k8s.io/v1beta1",
                                                       "storage.k8s.io/v1",
                                                       "storage.k8s.io/v1beta1"};
  return kVersions.contains(resource.root->find_text("apiVersion"));
}

bool is_local(const Resource &resource) {
  const Node *annotations = resource.metadata_map("annotations");
  const Node *local = annotations != nullptr ? annotations->find("config.kubernetes.io/local-config") : nullptr;
  return local != nullptr && local->text() != "false";
}

/// kustomize takes local objects out by their ids: one that has got the id of another stays with it.
void drop_local(Resources &resources) {
  if (std::none_of(resources.begin(), resources.end(), [](const Resource *resource) { return is_local(*resource); })) {
    return;
  }
  std::unordered_set<std::string> staying;
  for (const Resource *resource : resources) {
    if (!is_local(*resource)) {
      staying.insert(resource->id().text());
    }
  }
  std::erase_if(resources, [&](const Resource *resource) {
    return is_local(*resource) && !staying.contains(resource->id().text());
  });
}

} // namespace

Result<Resources> Builder::run(const Loader &loader) {
  Gathered gathered;
  auto kustomization = build(loader, gathered, false, {});
  if (!kustomization) {
    return kustomization.error();
  }
  if (auto done = finish(gathered, *kustomization); !done) {
    return done.error();
  }
  return std::move(gathered.list);
}

Result<void> Builder::finish(Gathered &gathered, const Kustomization &k) {
  for (Resource *resource : gathered.list) {
    if (resource->needs_hash) {
      resource->remember_id();
      resource->set_name(arena_, std::string(resource->name()) + "-" + content_hash(*resource->root));
    }
  }
  if (auto done = fix_name_references(arena_, gathered.list, gathered.fields().references); !done) {
    return done;
  }
  if (auto done = replace_variables(arena_, gathered.list, gathered.variables, gathered.fields().variables); !done) {
    return done;
  }
  for (const Resource *resource : gathered.list) { // patches and replacements may have taken it away
    if (resource->kind().empty() || is_null(*resource->root->find("kind"))) {
      return Error(Code::config, k.file + ": an object has lost its kind: " + resource->id().text());
    }
    if (!resource->kind().ends_with("List") && resource->name().empty()) {
      return Error(Code::config, k.file + ": an object has lost its name: " + resource->id().text());
    }
  }
  drop_local(gathered.list);
  const auto *options = k.fields.contains("sortOptions") ? &k.fields["sortOptions"] : nullptr;
  if (auto done = sort_resources(gathered.list, options, k.file + ": sortOptions"); !done) {
    return done;
  }
  if (metadata_.managed_by_label()) {
    const FieldSpecs labels = {{"", "", "", "metadata/labels", true}};
    if (auto done = add_entries(arena_, gathered.list, {{"app.kubernetes.io/managed-by", "kustomize-v5.8.1"}}, labels);
        !done) {
      return done;
    }
  }
  for (Resource *resource : gathered.list) {
    metadata_.write(*resource);
    if (resource->root->find("metadata") == nullptr) { // a list without items, which kustomize takes for an object
      set(arena_, *resource->root, "metadata", make_node(arena_, NodeKind::mapping));
    }
    settle_folded_texts(arena_, *resource->root);
  }
  return {};
}

Result<Kustomization> Builder::build(const Loader &loader, Gathered &gathered, bool as_component,
                                     const Inherited &inherited) {
  auto file = loader.kustomization_file();
  if (!file) {
    return file.error();
  }
  auto text = loader.load(*file);
  if (!text) {
    return text.error();
  }
  const bool outermost = inherited.shown.empty();
  const auto shown = (outermost ? loader.path().filename() : std::filesystem::path(inherited.shown)) / *file;
  auto read = read_kustomization(*text, shown.string(), warnings_);
  if (!read) {
    return read;
  }
  const Kustomization &k = *read;
  if (k.is_component != as_component && !outermost) { // what is built may be either
    return Error(Code::config,
                 as_component ? k.file + " is used as a component, but its kind is not Component"
                              : k.file + " is a Component, and stands under `resources`",
                 as_component ? "list it under `resources`" : "list it under `components`");
  }
  if (outermost) {
    metadata_.ask_for(texts(k, "buildMetadata"));
  }
  const Loaded load = [&loader](const std::string &path) { return loader.load(path); };
  if (auto done = use_schema(k, load, outermost); !done) {
    return std::move(done).error().in(k.file + ": openapi");
  }
  const Target target{k, *file, loader, load, gathered, inherited};
  if (auto done = entries(target, texts(k, "resources"), gathered); !done) {
    return done.error();
  }
  for (auto step : {&Builder::configurations, &Builder::generators, &Builder::components, &Builder::transform,
                    &Builder::validate}) {
    if (auto done = (this->*step)(target); !done) {
      return done.error();
    }
  }
  if (k.has("vars")) {
    if (auto done = add_variables(gathered.variables, k.fields["vars"], gathered.list, arena_); !done) {
      return std::move(done).error().in(k.file + ": vars");
    }
  }
  return read;
}

Result<void> Builder::use_schema(const Kustomization &k, const Loaded &load, bool outermost) {
  const auto openapi = k.fields.value("openapi", Json::object());
  const auto version = text_of(openapi, "version");
  const auto path = text_of(openapi, "path");
  if (!outermost && schema_chosen_) {
    return {};
  }
  if (!path.empty() && !version.empty()) {
    return Error(Code::config, "`path` and `version` exclude each other");
  }
  if (!version.empty() && version != "v1.21.2") {
    return Error(Code::config, "the version " + version + " is not built in", "v1.21.2 is, or name a file: path");
  }
  schema_chosen_ = !path.empty() || !version.empty();
  if (path.empty()) {
    return {};
  }
  auto text = load(path);
  if (!text) {
    return text.error();
  }
  auto schema = Schema::read(*text, path);
  if (!schema) {
    return schema.error();
  }
  schema_ = std::move(*schema);
  if (schema_needed_ && !outermost) {
    schema_->add_to_built_in();
  }
  return {};
}

Result<void> Builder::entries(const Target &target, const std::vector<std::string> &paths, Gathered &into) {
  const auto &k = target.k;
  for (const auto &path : paths) {
    auto text = target.loader.file(path);
    if (!text) {
      return std::move(text).error().in(k.file);
    }
    if (*text) {
      auto parsed = parse_resources(arena_, owned_, arena_.copy(**text), path, &warnings_);
      if (!parsed) {
        return std::move(parsed).error().in(k.file);
      }
      schema_needed_ |= !std::all_of(parsed->begin(), parsed->end(), [](const auto *r) { return has_known_scope(*r); });
      metadata_.loaded(*parsed, target.inherited.origin, path);
      for (Resource *resource : *parsed) {
        if (auto done = take_build_annotations(arena_, *resource); !done) {
          return std::move(done).error().in(k.file + ": " + path);
        }
      }
      if (auto done = into.add(*parsed); !done) {
        return std::move(done).error().in(k.file + ": " + path);
      }
      continue;
    }
    Gathered base;
    if (auto built = directory(target, path, base, false); !built) {
      return std::move(built).error().in(k.file);
    }
    if (auto done = into.take(base); !done) {
      return std::move(done).error().in(k.file + ": " + path);
    }
  }
  return {};
}

Result<void> Builder::directory(const Target &target, const std::string &path, Gathered &into, bool as_component) {
  auto child = target.loader.directory(path);
  if (!child) {
    return child.error();
  }
  const auto own = target.k.text("namespace");
  const Inherited inherited{path, own.empty() ? target.inherited.helm_namespace : own,
                            child->origin_from(target.inherited.origin, path)};
  auto built = build(*child, into, as_component, inherited);
  return built ? Result<void>() : built.error();
}

Result<void> Builder::components(const Target &target) {
  for (const auto &path : texts(target.k, "components")) {
    if (auto done = directory(target, path, target.gathered, true); !done) {
      return std::move(done).error().in(target.k.file);
    }
    if (auto done = target.gathered.begin_anew(); !done) {
      return std::move(done).error().in(target.k.file + ": " + path);
    }
  }
  return {};
}

Result<void> Builder::configurations(const Target &target) {
  const auto &k = target.k;
  using Reader = Result<TransformerFields> (*)(Arena &, std::string_view, const std::string &);
  const auto read = [&](const char *field, Reader reader, TransformerFields &into) -> Result<void> {
    for (const auto &path : texts(k, field)) {
      const auto where = k.file + ": " + field;
      auto text = target.load(path);
      if (!text) {
        return std::move(text).error().in(where);
      }
      auto fields = reader(arena_, *text, path);
      if (!fields) {
        return std::move(fields).error().in(where);
      }
      if (auto done = merge_into(into, *fields); !done) {
        return std::move(done).error().in(where + ": " + path);
      }
    }
    return {};
  };
  if (!k.has("configurations")) {
    if (auto done = target.gathered.add_default_fields(); !done) {
      return std::move(done).error().in(k.file);
    }
  } else {
    TransformerFields own;
    if (auto done = read("configurations", &read_configuration, own); !done) {
      return done;
    }
    TransformerFields all = default_fields();
    auto done = merge_into(all, own);
    if (done) {
      done = target.gathered.add_fields(all);
    }
    if (!done) {
      return std::move(done).error().in(k.file + ": configurations");
    }
  }
  if (!k.has("crds")) {
    return {};
  }
  TransformerFields defined;
  if (auto done = read("crds", &read_definitions, defined); !done) {
    return done;
  }
  auto done = target.gathered.add_fields(defined);
  return done ? Result<void>() : std::move(done).error().in(k.file + ": crds");
}

} // namespace ksail::manifests::kustomize
