// SPDX-License-Identifier: Apache-2.0
// Bases in git repositories and resources from the web. Both block.
#pragma once

#include "manifests/kustomize/git_url.hpp"
#include "manifests/kustomize/temporary_directory.hpp"

namespace ksail::manifests::kustomize {

/// Clones one commit of the repository with the `git` program, which asks nobody for credentials. The directory goes
/// with the last who holds it.
Result<std::shared_ptr<const TemporaryDirectory>> clone_repository(const GitUrl &url, const std::string &command);

/// The body of a web file, redirects followed. An answer that is no success is an error with its status (not_found for
/// 404); so is a body beyond 64 MiB.
Result<std::string> fetch_web_file(const std::string &url);

} // namespace ksail::manifests::kustomize
