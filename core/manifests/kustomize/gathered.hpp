// SPDX-License-Identifier: Apache-2.0
// What a kustomization has gathered from its resources, generators and components until now.
#pragma once

#include "manifests/kustomize/transformers.hpp"
#include "manifests/kustomize/variables.hpp"

#include <memory>
#include <unordered_set>

namespace ksail::manifests::kustomize {

class Gathered {
public:
  Resources list;
  Variables variables;

  /// An id that is there already is an error.
  Result<void> add(Resource *resource);
  Result<void> add(const Resources &resources);
  /// A generated object is new, takes the place of one, or is merged into one, as its `behavior` says.
  Result<void> absorb(Arena &arena, Resource *made);
  /// Objects, fields and variables of a base.
  Result<void> take(const Gathered &base);
  /// After a component kustomize takes everything over into an empty list, as from a base: what is there twice is an
  /// error only now, and of fields that mean each other the first counts.
  Result<void> begin_anew();

  /// To be called when names, namespaces or the list were changed from outside.
  void ids_change() { known_valid_ = false; }

  const TransformerFields &fields() const { return fields_ ? *fields_ : none(); }
  Result<void> add_fields(const TransformerFields &more);
  /// kustomize's own fields; most kustomizations have no others, and share them.
  Result<void> add_default_fields();

private:
  Result<void> take_fields(const Gathered &base);
  static const TransformerFields &none();
  std::unordered_set<std::string> known_;
  bool known_valid_ = false;
  std::shared_ptr<const TransformerFields> fields_;
};

} // namespace ksail::manifests::kustomize
