// SPDX-License-Identifier: Apache-2.0
// Which image holds which release of K3s. Release v1.34.2+k3s1 is the image tag v1.34.2-k3s1
// (https://docs.k3s.io/advanced). Pure.
#pragma once

#include <ksail/sdk/result.hpp>

#include <map>
#include <string>

namespace ksail::k3s {

struct Release {
  unsigned minor = 0;
  std::string kubernetes; ///< "v1.34.2"
};

/// The pinned reference for a version like "v1.34.2"; the default's for "". Empty for "v1.34": a patch has to be named.
std::string pinned_image(const std::string &kubernetes_version);

/// What an image holds: by its label ksail.kubernetes-version, else by its tag, else as asked. failed_precondition when
/// another version was asked for than the image says, usage when nothing tells.
Result<Release> release_of(const std::string &asked, const std::string &image_ref,
                           const std::map<std::string, std::string> &labels);

} // namespace ksail::k3s
