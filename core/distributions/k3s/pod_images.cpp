// SPDX-License-Identifier: Apache-2.0
#include "distributions/k3s/pod_images.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace ksail::k3s {

namespace {

struct PodImage {
  std::string_view component; ///< of --disable; empty: always needed
  std::string_view image;
};
struct ReleaseImages {
  std::string_view tag; ///< of the node image
  std::array<PodImage, 8> images;
};

constexpr ReleaseImages known_releases[] = {
    {"v1.34.2-k3s1",
     {{{"", "mirrored-pause:3.6"},
       {"coredns", "mirrored-coredns-coredns:1.13.1"},
       {"local-storage", "local-path-provisioner:v0.0.32"},
       {"metrics-server", "mirrored-metrics-server:v0.8.0"},
       {"traefik", "klipper-helm:v0.9.10-build20251111"},
       {"traefik", "mirrored-library-traefik:3.5.1"},
       {"servicelb", "klipper-lb:v0.4.13"},
       {"local-storage", "mirrored-library-busybox:1.36.1"}}}},
};

} // namespace

std::vector<std::string> pod_images(const std::string &node_image, const std::vector<std::string> &disabled) {
  const std::string_view ref = std::string_view(node_image).substr(0, node_image.find('@'));
  const auto colon = ref.rfind(':');
  if (colon == std::string_view::npos) return {};
  const std::string_view repository = ref.substr(0, colon), tag = ref.substr(colon + 1);
  if (repository != "rancher/k3s" && !repository.ends_with("/rancher/k3s")) return {};
  std::vector<std::string> references;
  for (const auto &release : known_releases) {
    if (release.tag != tag) continue;
    for (const auto &[component, image] : release.images)
      if (std::find(disabled.begin(), disabled.end(), component) == disabled.end())
        references.push_back("docker.io/rancher/" + std::string(image));
  }
  return references;
}

} // namespace ksail::k3s
