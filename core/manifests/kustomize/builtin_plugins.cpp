// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/builtin_plugins.hpp"

#include "manifests/json.hpp"
#include "manifests/kustomize/plugin_shapes.hpp"

#include <algorithm>

namespace ksail::manifests::kustomize {
namespace {

using Ended = Result<void>;

/// Fields of a configuration, with `metadata` as it is.
Result<Json> fields_of(const Resource &config, std::span<const Field> shape) {
  std::string text;
  if (const auto error = write_json(*config.root, Rules::kustomize, text)) {
    return Error(Code::config, error->message);
  }
  return take_shape(Json::parse(text), shape, std::string(config.kind()), Reading::lenient);
}

Error foreign(const Resource &config) {
  const auto gvk = config.gvk();
  const Node *annotations = config.metadata_map("annotations");
  const Node *function = annotations != nullptr ? annotations->find("config.kubernetes.io/function") : nullptr;
  if (function == nullptr && annotations != nullptr) {
    function = annotations->find("config.k8s.io/function");
  }
  const bool image = function != nullptr && function->text().find("image") != std::string_view::npos;
  return {Code::unimplemented,
          gvk.text() + " " + std::string(config.name()) + " is " +
              (image      ? "a function in a container image"
               : function ? "a function that is a program"
                          : "a plugin that is a program or shared object") +
              ", and kustomizations run no programs here",
          "built-in generators and transformers have apiVersion: builtin"};
}

bool is_builtin(const Resource &config) {
  const auto gvk = config.gvk();
  return gvk.group.empty() && gvk.version == "builtin";
}

Error unknown(const Resource &config, const char *what) {
  return {Code::config, "there is no built-in " + std::string(what) + " " + std::string(config.kind()),
          "see `kustomize` for their names, such as PrefixTransformer or ConfigMapGenerator"};
}

/// The one run of a transformer.
class Run {
public:
  Run(const PluginSetting &setting, const Resource &config, const Json &fields, Resources &list)
      : setting_(setting), arena_(setting.arena), config_(config), fields_(fields), list_(list) {}

  Ended prefix() {
    return needs("fieldSpecs", [&] { return add_prefix(arena_, list_, text_of(fields_, "prefix"), specs()); });
  }
  Ended suffix() {
    return needs("fieldSpecs", [&] { return add_suffix(arena_, list_, text_of(fields_, "suffix"), specs()); });
  }
  Ended prefix_and_suffix() {
    auto done = prefix();
    return done ? suffix() : done;
  }
  Ended labels() { return add_entries(arena_, list_, fields_.value("labels", Json::object()), specs()); }
  Ended annotations() { return add_entries(arena_, list_, fields_.value("annotations", Json::object()), specs()); }
  Ended image() { return set_image(arena_, list_, fields_.value("imageTag", Json::object()), specs()); }
  Ended replicas() { return kustomize::set_replicas(arena_, list_, fields_.value("replica", Json::object()), specs()); }
  Ended replacements() {
    return apply_replacements(arena_, list_, fields_.value("replacements", Json::array()), setting_.load,
                              "replacements");
  }
  Ended patch() { return apply_patch(setting_, list_, fields_, false, "the patch"); }
  Ended operations() {
    Json entry = fields_;
    entry["patch"] = text_of(fields_, "jsonOp");
    return apply_patch(setting_, list_, entry, true, "the patch");
  }
  Ended merges() {
    auto texts = fields_.value("paths", Json::array());
    if (const auto patches = text_of(fields_, "patches"); !patches.empty()) {
      texts.push_back(patches);
    }
    std::size_t patches = 0;
    for (const auto &text : texts) {
      auto count = apply_merge_patch(setting_, list_, text.get<std::string>(), "the patch");
      if (!count) {
        return count.error();
      }
      patches += *count;
    }
    return patches == 0 ? Ended(Error(Code::config, "there is no patch")) : Ended();
  }
  Ended hash() {
    for (Resource *resource : list_) {
      if (resource->needs_hash) {
        resource->remember_id();
        resource->set_name(arena_, std::string(resource->name()) + "-" + content_hash(*resource->root));
        // It still needs one, so that it gets another at the end, as with kustomize.
      }
    }
    return {};
  }

  Ended ns() {
    NamespaceChange change{std::string(config_.ns()), specs(), flag_of(fields_, "unsetOnly"), Subjects::named_default};
    const auto subjects = text_of(fields_, "setRoleBindingSubjects");
    if (subjects == "allServiceAccounts") {
      change.subjects = Subjects::service_accounts;
    } else if (subjects == "none") {
      change.subjects = Subjects::none;
    } else if (!subjects.empty() && subjects != "defaultOnly") {
      return Error(Code::config, "setRoleBindingSubjects is " + subjects,
                   "it can be defaultOnly, allServiceAccounts or none");
    }
    return set_namespace(arena_, list_, change);
  }

  Ended value() {
    auto text = text_of(fields_, "value");
    text.erase(0, std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    text.erase(text.find_last_not_of(" \t\r\n") + 1);
    if (text.empty()) {
      text = setting_.directory;
    }
    Json targets = fields_.value("targets", Json::array());
    if (const auto path = text_of(fields_, "targetFilePath"); !path.empty()) {
      auto loaded = setting_.load(path);
      if (!loaded) {
        return loaded.error();
      }
      auto more = read_json(*loaded, path);
      if (!more) {
        return more.error();
      }
      auto checked = take_shape(*more, value_targets_shape(), path, Reading::lenient);
      if (!checked) {
        return checked.error();
      }
      for (const auto &target : checked->value("targets", Json::array())) {
        targets.push_back(target);
      }
    }
    if (targets.empty()) {
      return Error(Code::config, "there are no targets");
    }
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const auto where = "targets[" + std::to_string(i) + "]";
      if (auto done = add_value(arena_, list_, text, targets[i], where); !done) {
        return done;
      }
    }
    return {};
  }

private:
  FieldSpecs specs() const { return field_specs_of(fields_, "fieldSpecs"); }
  Ended needs(const char *field, const auto &act) const {
    return fields_.contains(field) ? Ended(act()) : Ended(Error(Code::config, std::string("there are no ") + field));
  }

  const PluginSetting &setting_;
  Arena &arena_;
  const Resource &config_;
  const Json &fields_;
  Resources &list_;
};

constexpr std::pair<std::string_view, Ended (Run::*)()> kTransformers[] = {
    {"AnnotationsTransformer", &Run::annotations},
    {"HashTransformer", &Run::hash},
    {"ImageTagTransformer", &Run::image},
    {"LabelTransformer", &Run::labels},
    {"NamespaceTransformer", &Run::ns},
    {"PatchJson6902Transformer", &Run::operations},
    {"PatchStrategicMergeTransformer", &Run::merges},
    {"PatchTransformer", &Run::patch},
    {"PrefixSuffixTransformer", &Run::prefix_and_suffix},
    {"PrefixTransformer", &Run::prefix},
    {"ReplacementTransformer", &Run::replacements},
    {"ReplicaCountTransformer", &Run::replicas},
    {"SuffixTransformer", &Run::suffix},
    {"ValueAddTransformer", &Run::value}};

/// The service account of a Google cloud that a Kubernetes one stands for.
Result<Resources> iam_policy(const PluginSetting &setting, const Json &fields) {
  if (const auto cloud = text_of(fields, "cloud"); cloud != "gke") {
    return Error(Code::config, "the cloud " + cloud + " is not supported", "cloud: gke");
  }
  const auto service = fields.value("kubernetesService", Json::object());
  const auto account = fields.value("serviceAccount", Json::object());
  Arena &arena = setting.arena;
  Node *root = make_node(arena, NodeKind::mapping);
  set(arena, *root, "apiVersion", make_string(arena, "v1"));
  set(arena, *root, "kind", make_string(arena, "ServiceAccount"));
  setting.owned.push_back(std::make_unique<Resource>());
  Resource *made = setting.owned.back().get();
  made->root = root;
  made->set_name(arena, text_of(service, "name"));
  made->set_namespace(arena, text_of(service, "namespace"));
  const auto email = text_of(account, "name") + "@" + text_of(account, "projectId") + ".iam.gserviceaccount.com";
  made->set_metadata_map(arena, "annotations", {{"iam.gke.io/gcp-service-account", email}});
  return Resources{made};
}

} // namespace

Result<Resources> run_generator(const PluginSetting &setting, const Resource &config) {
  if (!is_builtin(config)) {
    return foreign(config);
  }
  const auto kind = config.kind();
  if (kind == "ConfigMapGenerator" || kind == "SecretGenerator") {
    auto fields = fields_of(config, generator_shape());
    if (!fields) {
      return fields.error();
    }
    for (const auto &[field, value] : {std::pair{"name", config.name()}, std::pair{"namespace", config.ns()}}) {
      if (text_of(*fields, field).empty()) {
        (*fields)[field] = std::string(value);
      }
    }
    if (const auto env = text_of(*fields, "env"); !env.empty()) {
      (*fields)["envs"].push_back(env);
    }
    auto made =
        generate(setting.arena, setting.owned, kind == "SecretGenerator", *fields, std::string(kind), setting.load);
    return made ? Result<Resources>(Resources{*made}) : made.error();
  }
  if (kind == "HelmChartInflationGenerator") {
    auto chart = fields_of(config, helm_chart_shape());
    auto globals = fields_of(config, helm_globals_shape());
    if (!chart || !globals) {
      return chart ? globals.error() : chart.error();
    }
    return inflate_chart(setting.arena, setting.owned, setting.helm, *chart, *globals, setting.load);
  }
  if (kind == "IAMPolicyGenerator") {
    auto fields = fields_of(config, iam_policy_shape());
    return fields ? iam_policy(setting, *fields) : fields.error();
  }
  return unknown(config, "generator");
}

Result<void> run_transformer(const PluginSetting &setting, const Resource &config, Resources &resources) {
  if (!is_builtin(config)) {
    return foreign(config);
  }
  auto fields = fields_of(config, transformer_shape(config.kind()));
  if (!fields) {
    return fields.error();
  }
  for (const auto &[kind, run] : kTransformers) {
    if (kind == config.kind()) {
      return (Run(setting, config, *fields, resources).*run)();
    }
  }
  return unknown(config, "transformer");
}

} // namespace ksail::manifests::kustomize
