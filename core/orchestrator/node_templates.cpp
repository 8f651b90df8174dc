// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/node_templates.hpp"

#include "orchestrator/image_load.hpp"
#include "orchestrator/labels.hpp"

namespace ksail {

NodeRequest node_request(const std::vector<NodeTemplate> &nodes, bool shared_volumes) {
  using nlohmann::json;
  NodeRequest request;
  for (const auto &node : nodes) {
    json entry = node.settings;
    entry["name"] = node.name;
    entry["role"] = node.role;
    entry["image"] = node.image;
    json files = json::array();
    for (const auto &file : node.files) {
      if (!file.symlink.empty()) {
        files.push_back({{"path", file.path}, {"symlink", file.symlink}});
        continue;
      }
      std::string blob = node.name + ":" + file.path;
      files.push_back({{"path", file.path}, {"mode", file.mode}, {"blob", blob}});
      request.blobs.emplace_back(std::move(blob), file.content);
    }
    entry["files"] = std::move(files);
    if (!entry.contains("labels")) entry["labels"] = json::object();
    entry["labels"][label_role] = node.role;
    if (shared_volumes && node.role != "load-balancer") {
      entry["shared_volumes"] = json::array({{{"name", image_volume}, {"target", image_folder}}});
      entry["labels"][label_image_folder] = image_folder;
    }
    request.templates.push_back(std::move(entry));
  }
  return request;
}

} // namespace ksail
