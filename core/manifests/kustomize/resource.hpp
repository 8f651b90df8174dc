// SPDX-License-Identifier: Apache-2.0
// An object in the making: its tree, and what a build has to remember about it until names are settled.
#pragma once

#include "manifests/kustomize/node_edit.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::manifests::kustomize {

/// Texts live in the build's arena or are constants. An empty part of a selector stands for any.
struct Gvk {
  std::string_view group, version, kind;
  bool operator==(const Gvk &) const = default;
  bool selected_by(const Gvk &selector) const {
    return (selector.group.empty() || selector.group == group) &&
           (selector.version.empty() || selector.version == version) &&
           (selector.kind.empty() || selector.kind == kind);
  }
  std::string text() const; ///< "Deployment.v1.apps"
};

/// Kinds that the schema of Kubernetes 1.21.2 knows as cluster-scoped; everything else counts as namespaced, as with
/// kustomize.
bool is_cluster_scoped(const Gvk &gvk);

inline constexpr std::string_view kNoNamespace = "_non_namespaceable_";

struct ResId {
  Gvk gvk;
  std::string_view name;
  std::string_view ns;
  /// kNoNamespace for cluster-scoped kinds, "default" for none.
  std::string_view effective_namespace() const;
  bool equals(const ResId &other) const {
    return gvk == other.gvk && name == other.name && effective_namespace() == other.effective_namespace();
  }
  std::string key() const;  ///< equal for equal ids
  std::string text() const; ///< "Deployment.v1.apps/web.[noNs]"
};

Gvk gvk_of_api_version(std::string_view api_version, std::string_view kind);

enum class Behavior : std::uint8_t { unspecified, create, replace, merge };

class Resource {
public:
  Node *root = nullptr; ///< nullptr once deleted by a patch

  struct PreviousId {
    std::string_view ns; ///< effective
    std::string_view name;
    std::string_view kind;
  };
  std::vector<PreviousId> previous; ///< oldest first
  std::vector<std::string_view> prefixes;
  std::vector<std::string_view> suffixes;
  bool needs_hash = false;
  bool helm_generated = false;
  bool allow_name_change = false; ///< of a patch
  bool allow_kind_change = false;
  Behavior behavior = Behavior::unspecified;
  // For `buildMetadata`; the texts live in BuildMetadata.
  const std::string *origin = nullptr;
  std::vector<const std::string *> transformations;

  std::string_view kind() const { return root->find_text("kind"); }
  Gvk gvk() const;
  std::string_view name() const { return metadata_text("name"); }
  std::string_view ns() const { return metadata_text("namespace"); }
  ResId id() const { return {gvk(), name(), ns()}; }
  ResId previous_id(std::size_t i) const;
  ResId original_id() const { return previous.empty() ? id() : previous_id(0); }
  template <class Predicate> bool any_id(Predicate matches) const {
    for (std::size_t i = 0; i < previous.size(); ++i) {
      if (matches(previous_id(i))) {
        return true;
      }
    }
    return matches(id());
  }

  void remember_id();
  /// kustomize keeps what it remembers in annotations, so whatever replaces or removes these makes it forget. Around
  /// such a change an annotation stands for all of that: put before, looked for afterwards.
  void put_memory(Arena &arena);
  /// The annotations, made where something is remembered; nullptr where there are none or something else stands there.
  Node *annotations_of_memory(Arena &arena);
  void check_memory();
  void forget();
  /// Around a JSON patch kustomize saves all of that itself, only what is for `buildMetadata` it does not.
  void put_history(Arena &arena);
  void check_history();
  void set_name(Arena &arena, std::string_view name);
  void set_namespace(Arena &arena, std::string_view ns);
  Node *metadata() const { return root->find("metadata"); }
  /// labels or annotations; nullptr when there are none.
  const Node *metadata_map(std::string_view field) const;
  /// The keys and values of that map as texts, in its order; empty when there is none.
  std::vector<std::pair<std::string_view, std::string_view>> metadata_texts(std::string_view field) const;
  /// Replaces labels or annotations, sorted by key, all values strings; an empty list removes the field.
  void set_metadata_map(Arena &arena, std::string_view field,
                        std::vector<std::pair<std::string_view, std::string_view>> values);

private:
  std::string_view metadata_text(std::string_view field) const;
  /// Takes the annotation out again; false when it is gone.
  bool take_memory();
  bool memory_put = false;
};

using Resources = std::vector<Resource *>;

/// The first object with the id of one before it; nullptr when all differ.
const Resource *with_id_of_another(const Resources &resources);

} // namespace ksail::manifests::kustomize
