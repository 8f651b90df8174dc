// SPDX-License-Identifier: Apache-2.0
// Label selectors in the notation of Kubernetes. Source: its documentation of labels and selectors, and the label
// parser of apimachinery, which kustomize uses for annotations as well. Pure; any thread.
#pragma once

#include "manifests/node.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::manifests::kustomize {

class LabelSelector {
public:
  /// Selects everything.
  LabelSelector() = default;
  /// `a`, `!a`, `a=b`, `a==b`, `a!=b`, `a in (b, c)`, `a notin (b)`, `a>1`, `a<1`, separated by commas; all have to
  /// hold. Nothing if the text is none, with keys and values that no label can have as well.
  static std::optional<LabelSelector> parse(std::string_view text);

  /// `labels` is a map of texts, or nullptr for none.
  bool matches(const Node *labels) const;
  bool selects_everything() const { return requirements_.empty(); }

private:
  enum class Operator { exists, missing, in, not_in, greater, less };
  struct Requirement {
    Operator op = Operator::exists;
    std::string key;
    std::vector<std::string> values; ///< one for greater and less
    bool holds(const Node *labels) const;
  };
  class Parser;
  std::vector<Requirement> requirements_;
};

} // namespace ksail::manifests::kustomize
