// SPDX-License-Identifier: Apache-2.0
// In which order objects are deleted: the reverse of what they need each other for. Pure.
#pragma once

#include "manifests/object.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace ksail {

/// What goes first stands first. Members of one stage go together.
enum class DeletionStage {
  admission,       ///< webhook configurations: a webhook whose pods are gone refuses everything
  custom_resource, ///< while the controllers that remove their finalizers still run
  workload,        ///< and services, aggregated APIs, policies
  config,          ///< what workloads of a namespace read
  cluster_config,
  definition, ///< of custom resources
  name_space
};

struct DeletionStep {
  DeletionStage stage = DeletionStage::workload;
  std::vector<std::size_t> after; ///< these have to be gone before it is deleted (config.kubernetes.io/depends-on)
};

/// One per object, same order. An object that others depend on is never in an earlier stage than they are.
std::vector<DeletionStep> deletion_order(const std::vector<manifests::Object> &objects,
                                         const std::string &default_namespace);

} // namespace ksail
