// SPDX-License-Identifier: Apache-2.0
#include "labels.hpp"

#include <ksail/sdk/http.hpp>

namespace ksail::docker {

std::string label_filter(const std::string &cluster, const nlohmann::json &labels) {
  nlohmann::json wanted = nlohmann::json::array();
  wanted.push_back(cluster.empty() ? std::string(cluster_label) : cluster_label + ("=" + cluster));
  if (labels.is_object())
    for (const auto &[key, value] : labels.items())
      if (value.is_string()) wanted.push_back(key + "=" + value.get<std::string>());
  return http::encode_component(nlohmann::json{{"label", std::move(wanted)}}.dump());
}

} // namespace ksail::docker
