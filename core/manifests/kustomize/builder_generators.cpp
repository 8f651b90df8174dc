// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/builder.hpp"
#include "manifests/kustomize/builtin_plugins.hpp"

namespace ksail::manifests::kustomize {
namespace {

/// generatorOptions with those of one generator, which win.
Json merged_options(const Kustomization &k, const Json &entry) {
  auto options = k.fields.value("generatorOptions", Json::object());
  const auto own = entry.value("options", Json::object());
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

} // namespace

HelmSetting Builder::helm_setting(const Loader &loader) const {
  return {options_.enable_helm, options_.helm_command, loader.path(),
          options_.load_restrictor == LoadRestrictor::root_only};
}

Result<void> Builder::generators(const Target &target) {
  for (const char *field : {"configMapGenerator", "secretGenerator"}) {
    if (auto done = generated(target, field); !done) {
      return done;
    }
  }
  if (auto done = charts(target); !done) {
    return done;
  }
  auto configs = plugins(target, "generators");
  if (!configs) {
    return configs.error();
  }
  const auto setting = plugin_setting(target);
  for (const Resource *config : *configs) {
    const auto where = target.k.file + ": generators: " + config->id().text();
    auto made = run_generator(setting, *config);
    if (!made) {
      return std::move(made).error().in(where);
    }
    for (Resource *resource : *made) {
      metadata_.generated_by(*resource, *config);
      if (auto done = target.gathered.absorb(arena_, resource); !done) {
        return std::move(done).error().in(where);
      }
    }
  }
  return {};
}

Result<void> Builder::generated(const Target &target, const char *field) {
  const bool secret = std::string_view(field) == "secretGenerator";
  for (auto entry : target.k.list(field)) {
    const auto where = target.k.file + ": " + field + " " + text_of(entry, "name");
    entry["options"] = merged_options(target.k, entry);
    auto made = generate(arena_, owned_, secret, entry, where, target.load);
    if (!made) {
      return std::move(made).error().in(where);
    }
    metadata_.generated(**made, target.inherited.origin, target.file,
                        secret ? "SecretGenerator" : "ConfigMapGenerator");
    if (auto done = target.gathered.absorb(arena_, *made); !done) {
      return std::move(done).error().in(where);
    }
  }
  return {};
}

Result<void> Builder::charts(const Target &target) {
  const auto helm = helm_setting(target.loader);
  for (auto chart : target.k.list("helmCharts")) {
    const auto where = target.k.file + ": helmCharts " + text_of(chart, "name");
    if (text_of(chart, "namespace").empty()) {
      const auto own = target.k.text("namespace");
      chart["namespace"] = own.empty() ? target.inherited.helm_namespace : own;
    }
    auto made =
        inflate_chart(arena_, owned_, helm, chart, target.k.fields.value("helmGlobals", Json::object()), target.load);
    if (!made) {
      return std::move(made).error().in(where);
    }
    for (Resource *resource : *made) {
      metadata_.generated(*resource, target.inherited.origin, target.file, "HelmChartInflationGenerator");
      if (auto done = target.gathered.absorb(arena_, resource); !done) {
        return std::move(done).error().in(where);
      }
    }
  }
  return {};
}

Result<Resources> Builder::plugins(const Target &target, const char *field) {
  Gathered configs;
  std::vector<std::string> paths;
  for (const auto &entry : target.k.list(field)) {
    const auto text = entry.get<std::string>();
    auto parsed = parse_resources(arena_, owned_, arena_.copy(text), std::string(field));
    if (!parsed) {
      paths.push_back(text); // no YAML of an object, so it is a path
      continue;
    }
    metadata_.loaded(*parsed, target.inherited.origin, target.file);
    if (auto done = configs.add(*parsed); !done) {
      return std::move(done).error().in(target.k.file + ": " + field);
    }
  }
  if (auto done = entries(target, paths, configs); !done) {
    return done.error();
  }
  return std::move(configs.list);
}

} // namespace ksail::manifests::kustomize
