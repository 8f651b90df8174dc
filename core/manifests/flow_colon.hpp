// SPDX-License-Identifier: Apache-2.0
// Colons that the readers of kubectl and kustomize take and libyaml does not.
//
// Inside [ ] and { } libyaml refuses an unquoted text in which a colon stands before one of , ? [ ] { }, as in [a:, b]
// or {a:}. go.yaml.in/yaml v2 and v3 know no such rule: there the colon belongs to the text, which is "a:" both times.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ksail::manifests {

/// libyaml's words for such a colon.
inline constexpr std::string_view kRefusedColon = "found unexpected ':'";

/// A text that libyaml reads, in which `stand_in` is where such a colon was.
struct ColonsReplaced {
  std::string text;
  std::string stand_in; ///< one character, in UTF-8, that the text did not have
};

/// Replaces every such colon, so that the rest of the text keeps its lines and columns. Nothing when there is none, or
/// there are so many of them in a text so large that finding them would take minutes.
std::optional<ColonsReplaced> replace_refused_colons(std::string_view text);

} // namespace ksail::manifests
