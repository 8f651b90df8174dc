// SPDX-License-Identifier: Apache-2.0
// Which objects a patch or a replacement means.
#pragma once

#include "manifests/kustomize/resource.hpp"

#include <ksail/sdk/result.hpp>
#include <nlohmann/json.hpp>

#include <memory>

namespace ksail::manifests::kustomize {

/// group, version, kind, name and namespace are regular expressions for the whole text (Go's syntax, which RE2 shares);
/// labelSelector and annotationSelector are Kubernetes label selectors. Thread safe once made.
class Selector {
public:
  static Result<Selector> make(const nlohmann::json &fields, const std::string &where);
  /// Names and namespaces may be those of the original or of the current id.
  bool matches(const Resource &resource) const;
  /// Whether an id has the group, version, kind, name and namespace.
  bool fits_id(const ResId &id) const;
  /// Whether the object as it is has the labels and annotations.
  bool fits_metadata(const Resource &resource) const;
  bool asks_for_id() const;
  bool asks_for_metadata() const;

private:
  struct State;
  std::shared_ptr<const State> state_;
};

} // namespace ksail::manifests::kustomize
