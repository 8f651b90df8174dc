// SPDX-License-Identifier: Apache-2.0
// What has to be in the cluster before what: the dependency graph of a set of objects. Pure.
//
// Edges, not barriers: an object waits for its Namespace, a custom resource for its definition, an object annotated
// with config.kubernetes.io/depends-on for what it names. Where only a kind of order is wanted (configuration and RBAC
// before the workloads that read them, webhooks last) a gate collects the members of one namespace, so that 3000
// objects do not make millions of edges.
#pragma once

#include "kubernetes/client.hpp"
#include "manifests/object.hpp"
#include "orchestrator/object_set.hpp"

#include <ksail/sdk/result.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ksail {

struct ApplyStep {
  enum class Need {
    ended,   ///< tried, with whatever result
    applied, ///< or this one is skipped
    ready,   ///< applied and ready, or this one is skipped
  };
  struct Edge {
    std::size_t on; ///< index of the other object
    Need need;
  };
  std::vector<Edge> after;
  std::vector<std::size_t> behind_gates; ///< waits until these are open
  std::vector<std::size_t> in_gates;     ///< keeps these shut until it has ended
  std::optional<Error> refused;          ///< a dependency that cannot be met: never applied
};

struct ApplyOrder {
  std::vector<ApplyStep> steps;          ///< one per object, same order
  std::vector<std::size_t> gate_members; ///< how many objects keep each gate shut
  /// Kinds defined by CustomResourceDefinitions of the set: (apiVersion, kind) -> mapping.
  std::map<std::pair<std::string, std::string>, kubernetes::ResourceInfo> defined;
};

/// `default_namespace` is that of namespaced objects without one.
ApplyOrder order_objects(const std::vector<manifests::Object> &objects, const std::string &default_namespace);
/// Reads the content of those objects only that say what they need.
ApplyOrder order_objects(const ObjectSet &objects, const std::string &default_namespace);

/// All steps, each after those it waits for; where that leaves a choice, in the order of the input.
std::vector<std::size_t> apply_sequence(const ApplyOrder &order);

} // namespace ksail
