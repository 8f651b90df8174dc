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

private:
  struct State;
  std::shared_ptr<const State> state_;
};

} // namespace ksail::manifests::kustomize
