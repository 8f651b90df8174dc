// SPDX-License-Identifier: Apache-2.0
// The images that K3s pulls at its first start: the published node image holds none of what its pods run. Pure.
#pragma once

#include <string>
#include <vector>

namespace ksail::k3s {

/// For a published image (any registry's rancher/k3s) of a release whose list is known; none otherwise. Without those
/// of `disabled` components. In the order in which a starting cluster needs them. Source: the asset k3s-images.txt of
/// the release (https://github.com/k3s-io/k3s/releases).
std::vector<std::string> pod_images(const std::string &node_image, const std::vector<std::string> &disabled);

} // namespace ksail::k3s
