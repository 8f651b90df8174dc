// SPDX-License-Identifier: Apache-2.0
// Which Talos an image holds, and which Kubernetes it is to run. Pure. Errors are Code::usage and
// Code::failed_precondition.
#pragma once

#include "distributions/talos/contract.hpp"

#include <map>
#include <string>
#include <vector>

namespace ksail::talos {

struct Release {
  std::string talos;      ///< "v1.13.0"
  std::string kubernetes; ///< "v1.34.2"
  Contract contract;
};

/// Taken when no image is named.
inline constexpr const char *default_image = "ghcr.io/siderolabs/talos:v1.13.0";

/// By the image's label ksail.talos-version, else by its tag. The Kubernetes version is the one asked for, else that of
/// the label ksail.kubernetes-version (the images in the node are of it), else Talos' own default.
Result<Release> release_of(const std::string &asked_kubernetes, const std::string &image_ref,
                           const std::map<std::string, std::string> &labels);

/// Whether that is what a Talos image starts: machined, by the name of init. Code::failed_precondition names what it
/// starts instead; a command that is not known passes.
Result<void> check_starts_machined(const std::string &image_ref, const std::vector<std::string> &command);

} // namespace ksail::talos
