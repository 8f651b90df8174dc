// SPDX-License-Identifier: Apache-2.0
// URLs of bases in git repositories. Source: kustomize's documentation of remote targets.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace ksail::manifests::kustomize {

struct GitUrl {
  std::string repository; ///< what git takes: "https://github.com/org/repo"
  std::string path;       ///< in the repository; empty for its root
  std::string ref;        ///< branch, tag or commit; empty for the default branch
  std::chrono::milliseconds timeout{27'000};
  bool submodules = true;
};

/// nothing when the text is no git URL: a path, or a host without scheme that is not github.com.
std::optional<GitUrl> parse_git_url(std::string_view text);

/// "http://" or "https://", whatever the case.
bool is_web_url(std::string_view text);

} // namespace ksail::manifests::kustomize
