// SPDX-License-Identifier: Apache-2.0
// Which Kubernetes a node image holds, and the images that are known. Pure.
#pragma once

#include <ksail/sdk/result.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace ksail::vanilla {

struct Version {
  unsigned major = 0, minor = 0, patch = 0;
  std::string text() const; ///< "v1.34.2"
};

/// "v1.34.2", "1.34.2", "v1.34.2-alpha.1+x" (what follows the patch is ignored).
std::optional<Version> parse_version(std::string_view text);

/// From --kubernetes-version, else the image's label ksail.kubernetes-version, else its tag.
Result<Version> node_version(const std::string &asked, const std::string &image_ref,
                             const std::map<std::string, std::string> &labels);

/// The oldest that can be made: its kubeadm reads kubeadm.k8s.io/v1beta4.
inline constexpr unsigned oldest_minor = 31;

/// Pinned by digest: the same tag is built again for each release of the images. Empty for a version that is not in the
/// table.
std::string pinned_image(const std::string &kubernetes_version);
std::string pinned_versions(); ///< for messages

} // namespace ksail::vanilla
