// SPDX-License-Identifier: Apache-2.0
#include "random_kustomization.hpp"

#include <array>

namespace ksail::fuzz {
namespace {

constexpr auto kComments = Comments::not_behind_keys;

class Maker {
public:
  Maker(std::uint64_t seed, const std::set<std::string> &without)
      : r_(seed), without_(without), rare_(seed >= kRareFields) {}

  Tree make() {
    KnownObjects objects;
    // Every directory may be one that is refused, so that most trees are shallow.
    constexpr std::array<std::size_t, 10> kDepths = {0, 0, 0, 0, 0, 1, 1, 1, 2, 3};
    tree_.directory = directory(kDepths[r_.below(kDepths.size())], false, objects);
    if (r_.percent(3)) spoil();
    return std::move(tree_);
  }

private:
  /// Gives the directory's path; adds what it makes to `objects`, where a component finds its parent's.
  std::string directory(std::size_t depth, bool component, KnownObjects &objects) {
    const std::string path = "d" + std::to_string(number_++);
    Folder folder(tree_, path);
    Json k = Json::object();
    if (component || r_.percent(50)) {
      k["apiVersion"] = component ? "kustomize.config.k8s.io/v1alpha1" : "kustomize.config.k8s.io/v1beta1";
      k["kind"] = component ? "Component" : "Kustomization";
    }
    if (r_.percent(5)) k["metadata"] = {{"name", "x"}};
    resources(k, folder, depth, component, objects);
    if (r_.percent(component ? 30 : 45)) add_generators(r_, k, folder, objects, used_);
    if (depth > 0 && r_.percent(25)) components(k, path, depth, objects);
    if (r_.percent(45)) add_patches(r_, k, folder, objects);
    names(k);
    labels(k);
    counts_and_images(k, objects);
    if (r_.percent(15)) add_replacements_and_vars(r_, k, folder, objects);
    if (r_.percent(12)) add_configuration(r_, k, folder);
    if (r_.percent(10)) add_plugins(r_, k, folder, objects);
    if (rare_) add_rare_fields(r_, k, folder, objects, used_);
    order(k);
    for (const auto &field : without_)
      k.erase(field);
    if (k.empty()) k["namePrefix"] = "p-";
    const auto *name = r_.percent(90) ? "kustomization.yaml" : r_.percent(50) ? "kustomization.yml" : "Kustomization";
    tree_.files[path + "/" + name] = (r_.percent(5) ? "---\n" : "") + to_yaml(r_, k);
    return path;
  }

  void resources(Json &k, Folder &folder, std::size_t depth, bool component, KnownObjects &objects) {
    Json list = Json::array();
    if (depth > 0 && !component) {
      for (auto n = r_.between(1, 2); n > 0; --n) {
        if (!directories_.empty() && r_.percent(8)) {
          list.push_back("../" + r_.pick(directories_)); // a diamond
          continue;
        }
        const auto base = directory(depth - 1, false, objects);
        directories_.push_back(base);
        list.push_back("../" + base + (r_.percent(10) ? "/" : ""));
      }
    }
    if (list.empty() ? !component || r_.percent(50) : r_.percent(40)) {
      for (auto n = r_.between(1, 2); n > 0; --n)
        list.push_back(file(folder, objects));
    }
    if (list.empty()) return;
    if (list.size() > 1 && r_.percent(3)) {
      k["bases"] = Json::array({list[0]});
      list.erase(list.begin());
    }
    k["resources"] = list;
  }

  std::string file(Folder &folder, KnownObjects &objects) {
    std::vector<Json> documents;
    for (auto n = r_.between(1, 4); n > 0; --n) {
      const auto kind = random_kind(r_);
      const auto name = random_name(r_);
      const auto ns = r_.percent(25) ? random_namespace(r_) : "";
      if (!used_.insert(kind + " " + name).second && !r_.percent(4)) continue;
      Json object = random_object(r_, kind, name, ns);
      documents.push_back(object);
      objects.push_back({kind, object});
    }
    std::string text;
    if (documents.size() > 1 && r_.percent(6)) {
      text = to_yaml(r_, {{"apiVersion", "v1"}, {"kind", "List"}, {"items", documents}}, kComments);
    } else if (documents.size() == 1 && r_.percent(10)) {
      std::string plain = documents[0].dump(2);
      std::erase(plain, kRaw);
      if (plain.find("\\u0001") == plain.npos) return folder.add("object", ".json", plain);
      text = to_yaml(r_, documents[0], kComments);
    } else {
      for (const auto &document : documents) {
        text += (text.empty() && r_.percent(70) ? "" : "---\n") + to_yaml(r_, document, kComments);
      }
      if (r_.percent(4)) text += "---\n# nothing\n";
    }
    return folder.add("objects", ".yaml", text.empty() ? "# nothing here\n" : text);
  }

  void components(Json &k, const std::string &path, std::size_t depth, KnownObjects &objects) {
    Json list = Json::array();
    for (auto n = r_.between(1, 2); n > 0; --n)
      list.push_back("../" + directory(depth - 1, true, objects));
    (void)path;
    k["components"] = list;
  }

  void names(Json &k) {
    if (r_.percent(35)) k["namespace"] = random_namespace(r_);
    if (r_.percent(35)) k["namePrefix"] = r_.pick({"p-", "dev-", "a", "x1-"});
    if (r_.percent(20)) k["nameSuffix"] = r_.pick({"-s", "-v2", "z"});
  }

  void labels(Json &k) {
    const auto texts = [this] {
      Json map = Json::object();
      for (auto n = r_.between(1, 2); n > 0; --n)
        map[r_.pick({"app", "team", "env", "example.com/part-of", "a b", "version"})] =
            r_.pick({"web", "a", "1", "true", "x y", "é"});
      return map;
    };
    if (r_.percent(20)) k["commonLabels"] = texts();
    if (r_.percent(25)) k["commonAnnotations"] = texts();
    if (r_.percent(25)) {
      k["labels"] = Json::array();
      for (auto n = r_.between(1, 2); n > 0; --n) {
        Json entry = {{"pairs", texts()}};
        if (r_.percent(30)) entry["includeSelectors"] = r_.percent(80);
        if (r_.percent(30)) entry["includeTemplates"] = r_.percent(80);
        if (r_.percent(15))
          entry["fields"] =
              Json::array({{{"path", r_.pick({"spec/selector/matchLabels", "spec/extra/labels", "metadata/labels"})},
                            {"kind", r_.pick({"Widget", "Deployment", "Service"})},
                            {"create", r_.percent(60)}}});
        k["labels"].push_back(entry);
      }
    }
  }

  void counts_and_images(Json &k, const KnownObjects &objects) {
    if (r_.percent(15)) {
      Json list = Json::array();
      for (const auto &known : objects) {
        const bool counted = known.kind.ends_with("Deployment") || known.kind.ends_with("StatefulSet") ||
                             known.kind.ends_with("ReplicaSet");
        if (counted && r_.percent(40)) list.push_back({{"name", known.name()}, {"count", r_.below(9)}});
      }
      if (r_.percent(4)) list.push_back({{"name", "nobody"}, {"count", 1}});
      if (!list.empty()) k["replicas"] = list;
    }
    if (r_.percent(25)) {
      Json list = Json::array();
      for (auto n = r_.between(1, 3); n > 0; --n) {
        Json image = {{"name", r_.pick({"nginx", "busybox", "reg.io/shop/web", "reg.io:5000/shop/web", "web",
                                        "localhost/x", ".*"})}};
        if (r_.percent(40)) image["newName"] = r_.pick({"mirror.io/nginx", "other", "reg.io:5000/a/b"});
        if (r_.percent(50)) image["newTag"] = r_.pick({"2.0", "v3", "latest"});
        if (r_.percent(10))
          image["digest"] = "sha256:aaaabbbbccccddddeeeeffff00001111222233334444555566667777888899990";
        if (r_.percent(8)) image["tagSuffix"] = "-slim";
        list.push_back(image);
      }
      k[r_.percent(95) ? "images" : "imageTags"] = list;
    }
  }

  void order(Json &k) {
    if (r_.percent(8)) {
      k["sortOptions"] = {{"order", r_.pick({"fifo", "legacy"})}};
      if (k["sortOptions"]["order"] == "legacy" && r_.percent(40))
        k["sortOptions"]["legacySortOptions"] = {{"orderFirst", {"ConfigMap", "Deployment"}},
                                                 {"orderLast", {"Namespace"}}};
    }
    if (r_.percent(5)) {
      k["buildMetadata"] = Json::array({r_.pick({"originAnnotations", "transformerAnnotations", "managedByLabel"})});
    }
  }

  /// One mistake somewhere.
  void spoil() {
    std::vector<std::string> kustomizations;
    for (const auto &[path, text] : tree_.files) {
      if (path.find("/kustomization.y") != path.npos || path.ends_with("/Kustomization"))
        kustomizations.push_back(path);
    }
    auto &text = tree_.files[r_.pick(kustomizations)];
    switch (r_.below(10)) {
    case 0:
      text += "resource: [x.yaml]\n";
      break;
    case 1:
      text = "resources: [gone.yaml]\n";
      break;
    case 2:
      text += "namePrefix: 5\n";
      break;
    case 3:
      text = "";
      break;
    case 4:
      text = "resources: [.]\n";
      break;
    case 5:
      text = "a: [\n";
      break;
    case 6:
      text = "kind: Deployment\n" + text;
      break;
    case 7:
      text = "resources: [../" + tree_.directory + "]\n";
      break;
    case 8:
      text = "components: [../" + tree_.directory + "]\n";
      break;
    default:
      tree_.files[tree_.directory + "/kustomization.yml"] = text;
    }
  }

  Random r_;
  const std::set<std::string> &without_;
  const bool rare_;
  Tree tree_;
  int number_ = 0;
  std::set<std::string> used_;           ///< "kind name"
  std::vector<std::string> directories_; ///< that were built on
};

} // namespace

Tree random_kustomization(std::uint64_t seed, const std::set<std::string> &without) {
  return Maker(seed, without).make();
}

} // namespace ksail::fuzz
