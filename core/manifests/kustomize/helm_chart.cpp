// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/helm_chart.hpp"

#include "manifests/kustomize/program.hpp"
#include "manifests/kustomize/temporary_directory.hpp"

#include <fstream>

namespace ksail::manifests::kustomize {
namespace {

namespace fs = std::filesystem;

class Helm {
public:
  Helm(const HelmSetting &setting, const Json &chart, const Json &globals, const Loaded &load, fs::path scratch)
      : setting_(setting), chart_(chart), load_(load), scratch_(std::move(scratch)), name_(text_of(chart, "name")),
        repo_(text_of(chart, "repo")), version_(text_of(chart, "version")),
        config_home_(text_of(globals, "configHome")) {
    const auto home = text_of(globals, "chartHome");
    home_shown_ = fs::path(home.empty() ? "charts" : home);
    if (!version_.empty() && !repo_.empty()) {
      home_shown_ /= name_ + "-" + version_;
    }
    home_ = home_shown_.is_absolute() ? home_shown_ : setting_.directory / home_shown_;
  }

  Result<std::string> manifests() {
    std::error_code ignored;
    if (!fs::is_directory(home_ / name_, ignored)) {
      if (auto done = pull(); !done) {
        return done.error();
      }
    }
    std::vector<std::string> words = {"template"};
    const auto release = text_of(chart_, "releaseName");
    words.push_back(release.empty() ? "--generate-name" : release);
    words.push_back((home_ / name_).string());
    option(words, "--namespace", text_of(chart_, "namespace"));
    option(words, "--name-template", text_of(chart_, "nameTemplate"));
    if (auto done = values(words); !done) {
      return done.error();
    }
    for (const auto &version : chart_.value("apiVersions", Json::array())) {
      option(words, "--api-versions", version.get<std::string>());
    }
    option(words, "--kube-version", text_of(chart_, "kubeVersion"));
    for (const auto &[field, word] : {std::pair{"includeCRDs", "--include-crds"},
                                      {"skipTests", "--skip-tests"},
                                      {"skipHooks", "--no-hooks"},
                                      {"debug", "--debug"},
                                      {"devel", "--devel"}}) {
      if (flag_of(chart_, field)) {
        words.emplace_back(word);
      }
    }
    return run(std::move(words));
  }

private:
  static void option(std::vector<std::string> &words, const char *name, const std::string &value) {
    if (!value.empty()) {
      words.emplace_back(name);
      words.push_back(value);
    }
  }

  Result<std::string> run(std::vector<std::string> words) const {
    const auto home = config_home_.empty() ? (scratch_ / "helm").string() : config_home_;
    words.insert(words.begin(), setting_.command);
    return run_program(
        {std::move(words),
         {"HELM_CONFIG_HOME=" + home, "HELM_CACHE_HOME=" + home + "/.cache", "HELM_DATA_HOME=" + home + "/.data"},
         setting_.directory.string()});
  }

  Result<void> pull() const {
    if (repo_.empty()) {
      return Error(Code::not_found, "there is no chart " + (home_shown_ / name_).string(),
                   "add `repo` to have it pulled, or put it there (helmGlobals.chartHome)");
    }
    std::vector<std::string> words = {"pull", "--untar", "--untardir", home_.string()};
    if (repo_.starts_with("oci://")) {
      words.push_back(repo_ + (repo_.ends_with('/') ? "" : "/") + name_);
    } else {
      words.insert(words.end(), {"--repo", repo_, name_});
    }
    option(words, "--version", version_);
    if (flag_of(chart_, "devel")) {
      words.emplace_back("--devel");
    }
    auto done = run(std::move(words));
    return done ? Result<void>() : done.error();
  }

  /// Files of values, the later of which count more with helm.
  Result<void> values(std::vector<std::string> &words) const {
    auto file = text_of(chart_, "valuesFile");
    if (file.empty()) {
      file = (home_shown_ / name_ / "values.yaml").string();
    }
    auto own = load_(file);
    if (!own) {
      return own.error();
    }
    const auto merge = text_of(chart_, "valuesMerge");
    if (!merge.empty() && merge != "override" && merge != "merge" && merge != "replace") {
      return Error(Code::config, "valuesMerge is " + merge, "it can be override, merge or replace");
    }
    const auto inline_values = chart_.value("valuesInline", Json::object());
    const std::pair<std::string, std::string> from_file{"values.yaml", *own};
    const std::pair<std::string, std::string> from_field{"values-inline.yaml", inline_values.dump()};
    std::vector<std::pair<std::string, std::string>> files;
    if (!inline_values.is_object() || inline_values.empty()) {
      files = {from_file};
    } else if (merge == "replace") {
      files = {from_field};
    } else if (merge == "merge") {
      files = {from_field, from_file};
    } else {
      files = {from_file, from_field};
    }
    for (const auto &[name, text] : files) {
      const auto path = scratch_ / name;
      std::ofstream out(path, std::ios::binary);
      out << text;
      if (!out.flush()) {
        return Error(Code::permission_denied, "cannot write the values of the chart to " + path.string());
      }
      option(words, "-f", path.string());
    }
    for (const auto &more : chart_.value("additionalValuesFiles", Json::array())) {
      const auto path = more.get<std::string>();
      if (auto readable = load_(path); !readable) {
        return std::move(readable).error().in("additionalValuesFiles");
      }
      option(words, "-f", (setting_.directory / path).string());
    }
    return {};
  }

  const HelmSetting &setting_;
  const Json &chart_;
  const Loaded &load_;
  const fs::path scratch_;
  const std::string name_, repo_, version_, config_home_;
  fs::path home_shown_; ///< where charts stand, as the kustomization says it
  fs::path home_;
};

} // namespace

Result<Resources> inflate_chart(Arena &arena, Owned &owned, const HelmSetting &setting, const Json &chart,
                                const Json &globals, const Loaded &load) {
  const auto name = text_of(chart, "name");
  if (!setting.enabled) {
    return Error(Code::failed_precondition, "the chart " + name + " needs the helm program",
                 "--enable-helm allows kustomizations to run it");
  }
  if (name.empty()) {
    return Error(Code::config, "a chart has no name");
  }
  auto scratch = TemporaryDirectory::make("ksail-helm-");
  if (!scratch) {
    return scratch.error();
  }
  auto text = Helm(setting, chart, globals, load, (*scratch)->path()).manifests();
  if (!text) {
    return text.error();
  }
  auto made = parse_resources(arena, owned, arena.copy(*text), "output of helm for " + name);
  if (!made) {
    // helm sometimes talks before the first document.
    const auto begin = text->starts_with("---\n") ? 0 : text->find("\n---\n");
    if (begin == std::string::npos) {
      return made.error();
    }
    made =
        parse_resources(arena, owned, arena.copy(std::string_view(*text).substr(begin)), "output of helm for " + name);
    if (!made) {
      return made.error();
    }
  }
  for (Resource *resource : *made) {
    resource->helm_generated = true;
  }
  return made;
}

} // namespace ksail::manifests::kustomize
