// SPDX-License-Identifier: Apache-2.0
// Image references as the engine understands them: [domain/]path[:tag][@digest], or the id of a local image.
// Grammar: https://github.com/distribution/reference (the normalised form that Docker uses).
#pragma once

#include <ksail/sdk/result.hpp>

#include <string>
#include <string_view>

namespace ksail::docker {

struct ImageReference {
  std::string domain; ///< "docker.io", "localhost:5000"
  std::string path;   ///< "library/busybox"
  std::string tag;    ///< or empty
  std::string digest; ///< "sha256:…", or empty
  std::string id;     ///< "sha256:…" of a local image; everything else is empty then

  std::string repository() const { return domain + "/" + path; }
  /// Whether it always means the same image, as far as a reference can say so.
  bool pinned() const { return !id.empty() || !digest.empty() || (!tag.empty() && tag != "latest"); }
  /// The key under which credentials for its registry are kept: Docker Hub has a historic one.
  std::string registry_key() const { return domain == "docker.io" ? "https://index.docker.io/v1/" : domain; }
};

/// invalid_argument when `text` is no reference.
Result<ImageReference> parse_image_reference(std::string_view text);

/// The same, and refuses what is not pinned with a hint.
Result<ImageReference> parse_pinned_reference(std::string_view text);

} // namespace ksail::docker
