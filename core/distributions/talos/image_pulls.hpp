// SPDX-License-Identifier: Apache-2.0
// Images on the way to a machine before it asks for them: machined pulls the control plane's only when etcd is healthy,
// one node's kubelet after the other's, and neither says anything when a registry does not have one.
#pragma once

#include "distributions/talos/config_tree.hpp"
#include "distributions/talos_api/client.hpp"

#include <string>
#include <vector>

namespace ksail::talos {

struct ImagePull {
  talos_api::ImageNamespace where = talos_api::ImageNamespace::kubernetes;
  std::string image;
  friend bool operator==(const ImagePull &, const ImagePull &) = default;
};

/// The images that a control plane's configuration names, as far as a machine of this kind runs them: those that Talos
/// takes when none is named are its own business. Pure.
std::vector<ImagePull> image_pulls(const Documents &control_plane, bool for_control_plane);

/// Pulls them all at once. `machine` is what errors name. Code::not_found, naming the image, as soon as a registry does
/// not have one; whatever else goes wrong is left to the machine, which goes on trying by itself. `client` outlives it.
asio::awaitable<Result<void>> pull_images(talos_api::Client &client, std::string machine, std::vector<ImagePull> pulls,
                                          Deadline deadline);

} // namespace ksail::talos
