// SPDX-License-Identifier: Apache-2.0
// ApplySets: which objects were applied together, so that those that are no longer wanted can be found and removed. An
// object of the set carries a label; a parent object says which kinds and namespaces to look through. Source: KEP-3659
// and what `kubectl apply --applyset` of Kubernetes 1.34 reads and writes. Pure.
#pragma once

#include "kubernetes/client.hpp"

#include <ksail/sdk/result.hpp>

#include <nlohmann/json_fwd.hpp>

#include <compare>
#include <set>
#include <string>
#include <string_view>

namespace ksail::kubernetes {

/// On every member; its value is the set's id.
inline constexpr std::string_view apply_set_member_label = "applyset.kubernetes.io/part-of";
/// On the parent; the same value.
inline constexpr std::string_view apply_set_id_label = "applyset.kubernetes.io/id";

/// The object that stands for a set.
struct ApplySetParent {
  ResourceInfo info;
  std::string ns, name;

  std::string describe() const; ///< "Secret shop/web"
  std::string path() const { return Client::object_path(info, ns, name); }
  std::string id() const; ///< "applyset-…-v1"
};

/// "NAME" is a Secret, as for kubectl; "secret/NAME" and "configmap/NAME" say what it is. Code::usage.
Result<ApplySetParent> apply_set_parent(std::string_view text, std::string_view ns);

struct GroupKind {
  std::string group, kind;
  auto operator<=>(const GroupKind &) const = default;
  std::string text() const { return group.empty() ? kind : kind + "." + group; } ///< "Deployment.apps"
};

/// Where members may be.
struct ApplySetContents {
  std::set<GroupKind> kinds;
  std::set<std::string> namespaces; ///< of namespaced members

  void add(const ApplySetContents &more);
  bool operator==(const ApplySetContents &) const = default;
};

/// What `object`, read from the server, says. Fails when it is no ApplySet's parent, or another tool's ("ksail" is the
/// tool of "ksail/1.2").
Result<ApplySetContents> apply_set_contents(const nlohmann::json &object, const ApplySetParent &parent,
                                            std::string_view tool);
/// The parent as it is applied; `tooling` is "ksail/1.2".
nlohmann::json apply_set_object(const ApplySetParent &parent, const ApplySetContents &contents,
                                std::string_view tooling);

/// Why a member must not be pruned: an annotation says to keep it, a controller owns it, it is going already. Empty:
/// it may be.
std::string apply_set_keeps(const nlohmann::json &object);

} // namespace ksail::kubernetes
