// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/plugin_shapes.hpp"

#include <map>
#include <vector>

namespace ksail::manifests::kustomize {
namespace {

using Shape = std::vector<Field>;

const Shape &value_target() {
  static const Shape shape = {
      {"selector", Type::object, selector_shape()}, {"fieldPath", Type::text}, {"filePathPosition", Type::number}};
  return shape;
}

std::map<std::string_view, Shape> make_shapes() {
  const Field specs{"fieldSpecs", Type::objects, field_spec_shape()};
  const Field target{"target", Type::object, selector_shape()};
  return {{"AnnotationsTransformer", {{"annotations", Type::text_map}, specs}},
          {"HashTransformer", {}},
          {"ImageTagTransformer", {{"imageTag", Type::object, image_shape()}, specs}},
          {"LabelTransformer", {{"labels", Type::text_map}, specs}},
          {"NamespaceTransformer", {specs, {"unsetOnly", Type::flag}, {"setRoleBindingSubjects", Type::text}}},
          {"PatchJson6902Transformer", {target, {"path", Type::text}, {"jsonOp", Type::text}}},
          {"PatchStrategicMergeTransformer", {{"paths", Type::texts}, {"patches", Type::text}}},
          {"PatchTransformer",
           {target, {"path", Type::text}, {"patch", Type::text}, {"options", Type::object, patch_options_shape()}}},
          {"PrefixSuffixTransformer", {{"prefix", Type::text}, {"suffix", Type::text}, specs}},
          {"PrefixTransformer", {{"prefix", Type::text}, specs}},
          {"ReplacementTransformer", {{"replacements", Type::objects, replacement_shape()}}},
          {"ReplicaCountTransformer", {{"replica", Type::object, replica_shape()}, specs}},
          {"SuffixTransformer", {{"suffix", Type::text}, specs}},
          {"ValueAddTransformer",
           {{"value", Type::text}, {"targets", Type::objects, value_target()}, {"targetFilePath", Type::text}}}};
}

} // namespace

std::span<const Field> transformer_shape(std::string_view kind) {
  static const std::map<std::string_view, Shape> shapes = make_shapes();
  const auto at = shapes.find(kind);
  return at == shapes.end() ? std::span<const Field>() : std::span<const Field>(at->second);
}

std::span<const Field> value_targets_shape() {
  static const Shape shape = {{"targets", Type::objects, value_target()}};
  return shape;
}

std::span<const Field> iam_policy_shape() {
  static const Field kAccount[] = {{"name", Type::text}, {"projectId", Type::text}};
  static const Field kService[] = {{"name", Type::text}, {"namespace", Type::text}};
  static const Field kShape[] = {
      {"cloud", Type::text}, {"kubernetesService", Type::object, kService}, {"serviceAccount", Type::object, kAccount}};
  return kShape;
}

} // namespace ksail::manifests::kustomize
