// SPDX-License-Identifier: Apache-2.0
// YAML that is written again as it was written: flow and block, quotes, anchors and tags stay, indentation and blank
// lines become what kustomize makes of them. For the YAML that is the text of a field.
#pragma once

#include "manifests/node.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace ksail::manifests::kustomize {

/// The type of a scalar as kustomize remembers it from reading: that of the text it had then.
Tag tag_as_read(const Node &scalar);

/// How the collections and scalars of one document are written, by where they begin.
class WrittenYaml {
public:
  /// Nothing when `text` is no YAML.
  static std::optional<WrittenYaml> of(std::string_view text);

  bool has_comments() const { return has_comments_; }
  /// The tree that YamlParser read from the same text, and that may have been changed since; what has no line is new.
  /// Ends in a newline. Nothing when libyaml cannot write it.
  std::optional<std::string> write(const Node &root) const;

private:
  struct Part {
    bool flow = false;
    std::string anchor;
    std::string tag;
  };
  friend class WrittenYamlEmitter;
  /// A collection and its first scalar may begin at the same place.
  using Place = std::tuple<std::uint32_t, std::uint32_t, NodeKind>;
  std::map<Place, Part> parts_;
  bool has_comments_ = false;
};

} // namespace ksail::manifests::kustomize
