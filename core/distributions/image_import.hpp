// SPDX-License-Identifier: Apache-2.0
// How an image archive that lies in a node gets into the node's container runtime.
#pragma once

#include <string>
#include <vector>

namespace ksail {

struct ImageImport {
  /// Reads the archive from the parts in a folder, whose path is appended.
  std::vector<std::string> import_argv;
  /// Ends with 0 when the node has every image already; pairs of full name and id are appended.
  std::vector<std::string> present_argv;
};

/// For nodes whose runtime is containerd, with its `ctr` and a shell in the path. Layers are unpacked by the first pod
/// that needs them. Source: https://github.com/containerd/containerd/blob/main/docs/man/ctr.8.md
ImageImport containerd_image_import();

} // namespace ksail
