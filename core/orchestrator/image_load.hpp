// SPDX-License-Identifier: Apache-2.0
// `cluster load-image`: images into the runtime of every node, without a registry. An archive is sent once into the
// volume that the nodes of a cluster share, and imported by all nodes at once; where there is no such volume it is sent
// to every node.
#pragma once

#include "orchestrator/cluster.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ksail {

/// Where the shared volume is mounted in nodes; the label of nodes that have it says so too.
inline constexpr const char *image_folder = "/var/lib/ksail";
inline constexpr const char *image_volume = "images";
inline constexpr const char *label_image_folder = "ksail.image-folder";

struct ImageLoadOptions {
  struct Archive {
    std::string path; ///< /dev/stdin for standard input
    std::string name; ///< for people
  };
  std::vector<std::string> images; ///< names that the provider knows
  std::vector<Archive> archives;
};

struct ImageLoadReport {
  std::vector<std::string> nodes;       ///< that have everything now
  std::vector<std::string> not_running; ///< and got nothing
  bool present = false;                 ///< every node had every image: nothing was sent
  std::uint64_t bytes = 0;              ///< read from the sources
};

/// On the session's executor. Failures of single nodes carry their names and are all reported; nothing that was sent
/// stays behind. data_loss: an archive is damaged, and no node has imported it.
asio::awaitable<Result<ImageLoadReport>> load_images(Session &session, std::string cluster, ImageLoadOptions options,
                                                     Deadline deadline);

} // namespace ksail
