// SPDX-License-Identifier: Apache-2.0
#include "distributions/vanilla/image_manifests.hpp"

#include "manifests/reader.hpp"

#include <nlohmann/json.hpp>

namespace ksail::vanilla {

namespace {

Result<std::vector<manifests::Object>> read_objects(const std::string &text, const std::string &file) {
  std::vector<manifests::Object> objects;
  auto read = manifests::read_text(text, file, [&](manifests::Object object) -> Result<void> {
    objects.push_back(std::move(object));
    return {};
  });
  if (!read) return read.error();
  return objects;
}

} // namespace

Result<std::vector<manifests::Object>> network_objects(std::string manifest, const std::string &pod_subnet,
                                                       const std::string &endpoint) {
  const bool patch = manifest.find("would you kindly patch this file") != std::string::npos;
  const std::string placeholder = "{{ .PodSubnet }}";
  for (std::size_t at = manifest.find(placeholder); at != std::string::npos;
       at = manifest.find(placeholder, at + pod_subnet.size()))
    manifest.replace(at, placeholder.size(), pod_subnet);
  auto objects = read_objects(manifest, "/kind/manifests/default-cni.yaml");
  if (!objects || !patch) return objects;
  for (auto &object : *objects) {
    if (object.kind != "DaemonSet") continue;
    auto value = nlohmann::json::parse(object.json, nullptr, false);
    auto &containers = value["spec"]["template"]["spec"]["containers"];
    if (!containers.is_array() || containers.empty()) continue;
    containers[0]["env"].push_back({{"name", "CONTROL_PLANE_ENDPOINT"}, {"value", endpoint}});
    object.json = value.dump();
  }
  return objects;
}

Result<std::vector<manifests::Object>> storage_objects(const std::string &manifest) {
  return read_objects(manifest, "/kind/manifests/default-storage.yaml");
}

} // namespace ksail::vanilla
