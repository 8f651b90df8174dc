// SPDX-License-Identifier: Apache-2.0
// Generators, replacements, vars, configurations, plugins.
#include "random_kustomization.hpp"

namespace ksail::fuzz {
namespace {

std::string file_content(Random &r) {
  return r.pick(
      {"x = 1\ny = 2\n", "", "plain", "{\"a\": [1, 2]}", "  indented\n\n\nmore\n", "tab\there\n", "<&>\n",
       "\xff\xfe binary \x01", "key: value\nlist:\n- a\n", "trailing space \nx",
       "a long line of many words that goes on and on and on so that a writer of YAML would fold it somewhere\n"});
}

Json sources(Random &r, Folder &folder, Json entry) {
  if (r.percent(60)) {
    entry["literals"] = Json::array();
    for (auto n = r.between(1, 3); n > 0; --n)
      entry["literals"].push_back(
          random_key(r) + "=" +
          r.pick({"red", "1", "true", "\"quoted\"", "'single'", "a=b", "", "<&>", "a\nb", "é", "x y"}));
  }
  if (r.percent(30)) {
    const auto name = folder.add("content", ".txt", file_content(r));
    entry["files"] = Json::array({r.percent(50) ? name : random_key(r) + ".f=" + name});
  }
  if (r.percent(20)) {
    const auto name =
        folder.add("vars", ".env",
                   r.pick({"A=1\nB=2 \n", "# c\n  K=v\nEMPTY\n\nQ=\"q\"\n", "X=a=b\r\nY=2\r\n", "\xEF\xBB\xBFU=1\n"}));
    if (r.percent(80)) {
      entry["envs"] = Json::array({name});
    } else {
      entry["env"] = name;
    }
  }
  return entry;
}

Json generator_options(Random &r) {
  Json options = Json::object();
  if (r.percent(40)) options["labels"] = {{r.pick({"app", "gen"}), r.pick({"a", "1"})}};
  if (r.percent(30)) options["annotations"] = {{"note", r.pick({"b", "true"})}};
  if (r.percent(40)) options["disableNameSuffixHash"] = r.percent(80);
  if (r.percent(20)) options["immutable"] = true;
  return options;
}

std::string dotted(Random &r, const Json &object) {
  // Not what kustomize keeps notes in (a copy of them gets into its output), nor what type an object is of: the hash of
  // a generated one that is no ConfigMap or Secret any more depends on the lines kustomize has its fields in.
  auto paths = paths_of(object);
  std::erase_if(paths, [](const auto &path) {
    return path[0] == "kind" || path[0] == "apiVersion" ||
           (path[0] == "metadata" && (path.size() == 1 || (path.size() == 2 && path[1] == "annotations")));
  });
  std::string result;
  for (const auto &step : paths[r.below(paths.size())]) {
    std::string text;
    for (char c : step)
      text += c == '.' ? std::string("\\.") : std::string(1, c);
    result += (result.empty() ? "" : ".") + text;
  }
  return result;
}

} // namespace

void add_generators(Random &r, Json &k, Folder &folder, KnownObjects &objects, std::set<std::string> &used) {
  for (const char *field : {"configMapGenerator", "secretGenerator"}) {
    const bool secret = std::string_view(field) == "secretGenerator";
    if (!r.percent(secret ? 40 : 75)) continue;
    const std::string kind = secret ? "v1 Secret" : "v1 ConfigMap";
    Json list = Json::array();
    for (auto n = r.between(1, 2); n > 0; --n) {
      std::vector<const Known *> there;
      for (const auto &known : objects) {
        if (known.kind == kind) there.push_back(&known);
      }
      Json entry = Json::object();
      if (!there.empty() && r.percent(15)) {
        const Known &known = *r.pick(there);
        entry["name"] = known.name();
        if (!known.ns().empty() && r.percent(90)) entry["namespace"] = known.ns();
        entry["behavior"] = r.pick({"merge", "merge", "replace"});
      } else {
        const auto name = random_name(r);
        if (!used.insert(kind + " " + name).second && !r.percent(2)) continue;
        entry["name"] = name;
        if (r.percent(15)) entry["namespace"] = random_namespace(r);
        if (r.percent(10)) entry["behavior"] = "create";
      }
      entry = sources(r, folder, entry);
      if (r.percent(25)) entry["options"] = generator_options(r);
      if (secret && r.percent(20)) entry["type"] = r.pick({"kubernetes.io/tls", "Opaque"});
      Json metadata = {{"name", entry["name"]}};
      if (entry.contains("namespace")) metadata["namespace"] = entry["namespace"];
      if (!entry.contains("behavior") || entry["behavior"] == "create")
        objects.push_back({kind, {{"apiVersion", "v1"}, {"kind", kind.substr(3)}, {"metadata", metadata}}});
      list.push_back(entry);
    }
    if (!list.empty()) k[field] = list;
  }
  if (r.percent(15)) k["generatorOptions"] = generator_options(r);
}

void add_replacements_and_vars(Random &r, Json &k, Folder &folder, const KnownObjects &objects) {
  if (objects.empty()) return;
  if (r.percent(70)) {
    Json list = Json::array();
    for (auto n = r.between(1, 2); n > 0; --n) {
      const Known &from = r.pick(objects);
      Json source = {{"kind", from.object["kind"]}, {"name", from.name()}};
      if (r.percent(70)) source["fieldPath"] = dotted(r, from.object);
      if (r.percent(15)) source["options"] = {{"delimiter", r.pick({":", "-", "."})}, {"index", r.below(2)}};
      Json targets = Json::array();
      for (auto t = r.between(1, 2); t > 0; --t) {
        const Known &to = r.pick(objects);
        Json target = {{"select", random_selector(r, to)}};
        target["select"].erase("labelSelector");
        target["select"].erase("annotationSelector");
        if (r.percent(15)) target["reject"] = Json::array({{{"name", random_name(r)}}});
        target["fieldPaths"] = Json::array();
        if (r.percent(70)) {
          target["fieldPaths"].push_back(dotted(r, to.object));
        } else {
          target["fieldPaths"].push_back(
              r.pick({"metadata.labels.copied", "spec.template.spec.containers.[name=web].image",
                      "spec.template.spec.containers.*.image", "metadata.annotations.[example.com/x]", "data.a"}));
        }
        if (r.percent(50)) {
          target["options"] = Json::object();
          if (r.percent(70)) target["options"]["create"] = true;
          if (r.percent(25)) {
            target["options"]["delimiter"] = r.pick({":", "/", "-"});
            target["options"]["index"] = static_cast<int>(r.below(3)) - (r.percent(10) ? 1 : 0);
          }
        }
        targets.push_back(target);
      }
      Json one = {{"source", source}, {"targets", targets}};
      if (r.percent(10)) {
        one.erase("source");
        one["sourceValue"] = r.pick({"fixed", "1"});
      }
      list.push_back(r.percent(15) ? Json{{"path", folder.add("replacement", ".yaml", to_yaml(r, one))}} : one);
    }
    k["replacements"] = list;
  }
  if (r.percent(50)) {
    Json list = Json::array();
    for (const char *name : {"VAR_A", "VAR_B", "VAR_C"}) {
      if (!r.percent(60)) continue;
      const Known &from = r.pick(objects);
      Json var = {{"name", name},
                  {"objref",
                   {{"apiVersion", from.object["apiVersion"]}, {"kind", from.object["kind"]}, {"name", from.name()}}}};
      if (!from.ns().empty() && r.percent(70)) var["objref"]["namespace"] = from.ns();
      if (r.percent(50)) var["fieldref"] = {{"fieldpath", dotted(r, from.object)}};
      list.push_back(var);
    }
    if (!list.empty()) k["vars"] = list;
  }
}

void add_configuration(Random &r, Json &k, Folder &folder) {
  Json c = Json::object();
  if (r.percent(50))
    c["nameReference"] =
        Json::array({{{"kind", r.pick({"ConfigMap", "Secret", "Widget"})},
                      {"fieldSpecs", Json::array({{{"path", "spec/configRef/name"}, {"kind", "Widget"}}})}}});
  for (const char *field : {"commonLabels", "commonAnnotations", "namespace", "namePrefix", "images", "replicas",
                            "varReference", "nameSuffix"}) {
    if (!r.percent(25)) continue;
    Json spec = {{"path", r.pick({"spec/extra/labels", "spec/name", "metadata/labels", "spec/size", "spec/parts/v",
                                  "spec/template/spec/containers/image"})}};
    if (r.percent(70)) spec["kind"] = r.pick({"Widget", "Deployment"});
    if (r.percent(30)) spec["create"] = true;
    c[field] = Json::array({spec});
  }
  if (c.empty()) return;
  k["configurations"] = Json::array({folder.add("config", ".yaml", to_yaml(r, c))});
}

void add_plugins(Random &r, Json &k, Folder &folder, const KnownObjects &objects) {
  const auto plugin = [&](const char *kind, Json fields) {
    Json all = {{"apiVersion", "builtin"}, {"kind", kind}, {"metadata", {{"name", "plugin"}}}};
    for (const auto &[key, value] : fields.items())
      all[key] = value;
    return all;
  };
  const Json labels = Json::array({{{"path", "metadata/labels"}, {"create", true}}});
  Json made;
  switch (r.below(7)) {
  case 0:
    made = plugin("PrefixTransformer", {{"prefix", "t-"}, {"fieldSpecs", Json::array({{{"path", "metadata/name"}}})}});
    break;
  case 1:
    made = plugin("SuffixTransformer", {{"suffix", "-t"}, {"fieldSpecs", Json::array({{{"path", "metadata/name"}}})}});
    break;
  case 2:
    made = plugin("LabelTransformer", {{"labels", {{"by", "plugin"}}}, {"fieldSpecs", labels}});
    break;
  case 3:
    made = plugin("AnnotationsTransformer",
                  {{"annotations", {{"by", "plugin"}}},
                   {"fieldSpecs", Json::array({{{"path", "metadata/annotations"}, {"create", true}}})}});
    break;
  case 4: {
    made = plugin("NamespaceTransformer",
                  {{"fieldSpecs", Json::array({{{"path", "metadata/namespace"}, {"create", true}}})}});
    made["metadata"]["namespace"] = random_namespace(r);
    if (r.percent(50)) made["setRoleBindingSubjects"] = r.pick({"none", "defaultOnly", "allServiceAccounts"});
    if (r.percent(30)) made["unsetOnly"] = true;
    break;
  }
  case 5:
    made = plugin("ImageTagTransformer", {{"imageTag", {{"name", "nginx"}, {"newTag", "9"}}}});
    break;
  default:
    if (objects.empty()) return;
    made = plugin(
        "PatchTransformer",
        {{"target", random_selector(r, r.pick(objects))},
         {"patch", "[{\"op\": \"add\", \"path\": \"/metadata/annotations\", \"value\": {\"patched\": \"yes\"}}]"}});
  }
  k["transformers"] =
      Json::array({r.percent(60) ? folder.add("transformer", ".yaml", to_yaml(r, made)) : to_yaml(r, made)});
}

std::vector<std::vector<std::string>> paths_of(const Json &value) {
  std::vector<std::vector<std::string>> result;
  const auto below = [&result](const std::string &step, const Json &child) {
    result.push_back({step});
    for (auto &path : paths_of(child)) {
      path.insert(path.begin(), step);
      result.push_back(std::move(path));
    }
  };
  if (value.is_object()) {
    for (const auto &[key, child] : value.items())
      below(key, child);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i)
      below(std::to_string(i), value[i]);
  }
  return result;
}

} // namespace ksail::fuzz
