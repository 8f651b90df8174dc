// SPDX-License-Identifier: Apache-2.0
#include "distributions/vanilla/image_manifests.hpp"

#include "manifests/reader.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>

namespace ksail::vanilla {

namespace {

constexpr std::size_t block = 512;

std::string_view field(std::string_view header, std::size_t at, std::size_t size) {
  std::string_view text = header.substr(at, size);
  return text.substr(0, std::min(text.find('\0'), text.size()));
}

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

std::optional<std::string> tar_entry(std::string_view archive, std::string_view name) {
  while (archive.size() >= block) {
    const std::string_view header = archive.substr(0, block);
    const std::string_view entry = field(header, 0, 100);
    if (entry.empty()) return std::nullopt; // the end of the archive is blocks of zeros
    const std::string size_text(field(header, 124, 12));
    const std::size_t size = std::strtoull(size_text.c_str(), nullptr, 8);
    const char type = header[156];
    if (size > archive.size() - block) return std::nullopt;
    if (entry == name && (type == '0' || type == '\0')) return std::string(archive.substr(block, size));
    const std::size_t padded = (size + block - 1) / block * block;
    archive.remove_prefix(std::min(archive.size(), block + padded));
  }
  return std::nullopt;
}

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
