// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/deletion_order.hpp"

#include "kubernetes/known_kinds.hpp"
#include "orchestrator/workload_order.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace ksail {

using manifests::Object;

namespace {

DeletionStage stage_of(const Object &object) {
  const std::string group = object.group();
  const std::string_view kind = object.kind;
  if (group.empty() && kind == "Namespace") return DeletionStage::name_space;
  if (group == "apiextensions.k8s.io") return DeletionStage::definition;
  if (group == "admissionregistration.k8s.io") return DeletionStage::admission;
  if (!kubernetes::known_kind(object.api_version, object.kind) && group.find('.') != std::string::npos)
    return DeletionStage::custom_resource;
  static constexpr std::array<std::string_view, 10> cluster_config{
      "ClusterRole",      "ClusterRoleBinding",         "StorageClass", "PriorityClass", "RuntimeClass", "IngressClass",
      "PersistentVolume", "PriorityLevelConfiguration", "FlowSchema",   "CSIDriver"};
  if (std::find(cluster_config.begin(), cluster_config.end(), kind) != cluster_config.end())
    return DeletionStage::cluster_config;
  static constexpr std::array<std::string_view, 9> config{"ServiceAccount",        "ConfigMap",     "Secret",
                                                          "PersistentVolumeClaim", "ResourceQuota", "LimitRange",
                                                          "NetworkPolicy",         "Role",          "RoleBinding"};
  return std::find(config.begin(), config.end(), kind) != config.end() ? DeletionStage::config
                                                                       : DeletionStage::workload;
}

} // namespace

std::vector<DeletionStep> deletion_order(const std::vector<Object> &objects, const std::string &default_namespace) {
  std::vector<DeletionStep> steps(objects.size());
  for (std::size_t i = 0; i < objects.size(); ++i)
    steps[i].stage = stage_of(objects[i]);
  const ApplyOrder order = order_objects(objects, default_namespace);
  const auto is_explicit = [&](const ApplyStep::Edge &edge) {
    const DeletionStage on = stage_of(objects[edge.on]);
    return edge.need == ApplyStep::Need::ready && on != DeletionStage::definition && on != DeletionStage::name_space;
  };
  for (std::size_t i = 0; i < objects.size(); ++i) {
    if (order.steps[i].refused) continue; // part of a cycle: no order can be right
    for (const auto &edge : order.steps[i].after)
      if (is_explicit(edge)) steps[edge.on].after.push_back(i);
  }
  // As many rounds as the longest chain has members; nearly always one.
  for (bool moved = true; moved;) {
    moved = false;
    for (auto &step : steps)
      for (const auto first : step.after)
        if (steps[first].stage > step.stage) {
          step.stage = steps[first].stage;
          moved = true;
        }
  }
  return steps;
}

} // namespace ksail
