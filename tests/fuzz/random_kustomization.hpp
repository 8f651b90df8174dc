// SPDX-License-Identifier: Apache-2.0
// Random trees of kustomizations: bases, overlays and components that use every field.
#pragma once

#include "random_objects.hpp"

#include <map>
#include <set>

namespace ksail::fuzz {

/// Files of one tree by relative path, and the directory that is to be built.
struct Tree {
  std::map<std::string, std::string> files;
  std::string directory;
};

/// From this seed on trees have the fields that few people use as well.
inline constexpr std::uint64_t kRareFields = 1'000'000;

/// The same tree for the same seed; fields of kustomizations in `without` are left out.
Tree random_kustomization(std::uint64_t seed, const std::set<std::string> &without = {});

/// An object that stands in a tree, as it is in its file or as a generator makes it.
struct Known {
  std::string kind; ///< "apps/v1 Deployment"
  Json object;
  const std::string &name() const { return object["metadata"]["name"].get_ref<const std::string &>(); }
  std::string ns() const { return object["metadata"].value("namespace", std::string()); }
};
using KnownObjects = std::vector<Known>;

/// Adds a file to the directory of a kustomization and gives its name there.
class Folder {
public:
  Folder(Tree &tree, std::string path) : tree_(tree), path_(std::move(path)) {}
  std::string add(const std::string &stem, const std::string &extension, const std::string &text) {
    std::string name;
    for (int i = 0;; ++i) {
      name = stem + (i == 0 ? "" : std::to_string(i)) + extension;
      if (tree_.files.emplace(path_ + "/" + name, text).second) return name;
    }
  }
  const std::string &path() const { return path_; }

private:
  Tree &tree_;
  std::string path_;
};

// One function per family of fields; each adds what it likes to the kustomization.
void add_patches(Random &random, Json &kustomization, Folder &folder, const KnownObjects &objects);
void add_generators(Random &random, Json &kustomization, Folder &folder, KnownObjects &objects,
                    std::set<std::string> &used);
void add_replacements_and_vars(Random &random, Json &kustomization, Folder &folder, const KnownObjects &objects);
void add_configuration(Random &random, Json &kustomization, Folder &folder);
void add_rare_fields(Random &random, Json &kustomization, Folder &folder, KnownObjects &objects,
                     std::set<std::string> &used);
void add_plugins(Random &random, Json &kustomization, Folder &folder, const KnownObjects &objects);

/// A selector that often selects the object.
Json random_selector(Random &random, const Known &object);
/// Every path in the value as its steps; lists by index.
std::vector<std::vector<std::string>> paths_of(const Json &value);

} // namespace ksail::fuzz
