// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/object_difference.hpp"

#include "kubernetes/json_field.hpp"
#include "kubernetes/object_text.hpp"
#include "manifests/unified_diff.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace ksail::kubernetes {

using nlohmann::json;

namespace {

constexpr const char *last_applied = "kubectl.kubernetes.io/last-applied-configuration";

void keep_what_people_write(json &object) {
  if (!object.is_object()) return;
  object.erase("status");
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return;
  for (const char *field : {"managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink"})
    metadata->erase(field);
}

json *member(json &object, const char *key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? &*found : nullptr;
}

void mask(json *before, json *after) {
  const auto mask_one = [](json *values, const json *other, const char *differs) {
    if (!values) return;
    for (auto &[key, value] : values->items()) {
      const bool in_both = other && other->contains(key);
      const json &hidden = in_both ? (*other)[key] : value;
      value = in_both && hidden != value ? differs : "***";
    }
  };
  const json was = before ? *before : json();
  mask_one(before, after, "*** (before)");
  mask_one(after, before ? &was : nullptr, "*** (after)");
}

void mask_secret(json &live, json &merged) {
  for (const char *field : {"data", "stringData"})
    mask(member(live, field), member(merged, field));
  // What `kubectl apply` keeps of an older manifest holds the same values.
  json *annotations[2] = {nullptr, nullptr};
  json *objects[2] = {&live, &merged};
  for (int i = 0; i < 2; ++i)
    if (json *metadata = member(*objects[i], "metadata")) annotations[i] = member(*metadata, "annotations");
  for (json *each : annotations)
    if (each && each->contains(last_applied)) (*each)[last_applied] = "***";
}

} // namespace

std::string difference_name(const json &object) {
  std::string name = text(object, "apiVersion");
  std::replace(name.begin(), name.end(), '/', '.');
  name += "." + text(object, "kind");
  const json metadata = object.is_object() && object.contains("metadata") ? object["metadata"] : json();
  return name + "." + text(metadata, "namespace") + "." + text(metadata, "name");
}

std::string object_difference(json live, json merged) {
  const std::string name = difference_name(live.is_null() ? merged : live);
  keep_what_people_write(live);
  keep_what_people_write(merged);
  const json &either = live.is_null() ? merged : live;
  if (text(either, "kind") == "Secret" && text(either, "apiVersion") == "v1") mask_secret(live, merged);
  const std::string before = live.is_null() ? "" : yaml_text(live), after = merged.is_null() ? "" : yaml_text(merged);
  const std::string live_name = "live/" + name, merged_name = "merged/" + name;
  return manifests::unified_diff(before, after, {live_name, merged_name});
}

} // namespace ksail::kubernetes
