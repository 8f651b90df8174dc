// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/spec_label.hpp"

#include <nlohmann/json.hpp>

namespace ksail {

using nlohmann::json;

std::string spec_text(const ClusterSpec &spec) {
  json value = {{"name", spec.name},
                {"distribution", spec.distribution},
                {"provider", spec.provider},
                {"controlPlanes", spec.control_planes},
                {"workers", spec.workers},
                {"nodeImage", spec.node_image}};
  const auto put = [&value](const char *key, const auto &member) {
    if (!member.empty()) value[key] = member;
  };
  put("kubernetesVersion", spec.kubernetes_version);
  put("loadBalancerImage", spec.load_balancer_image);
  put("disable", spec.disable);
  if (spec.cni == Cni::none) value["cni"] = "None";
  for (const auto &mirror : spec.registry_mirrors)
    value["registryMirrors"].push_back({{"host", mirror.host}, {"endpoints", mirror.endpoints}});
  if (!spec.local_registry.name.empty())
    value["localRegistry"] = {{"name", spec.local_registry.name}, {"port", spec.local_registry.host_port}};
  value["podSubnet"] = spec.pod_subnet;
  value["serviceSubnet"] = spec.service_subnet;
  value["apiAddress"] = spec.api_host_address;
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<ClusterSpec> parse_spec(std::string_view text) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object()) return Error(Code::failed_precondition, "the label ksail.spec of the nodes cannot be read");
  ClusterSpec spec;
  try {
    spec.name = value.value("name", spec.name);
    spec.distribution = value.value("distribution", spec.distribution);
    spec.provider = value.value("provider", spec.provider);
    spec.control_planes = value.value("controlPlanes", spec.control_planes);
    spec.workers = value.value("workers", spec.workers);
    spec.node_image = value.value("nodeImage", spec.node_image);
    spec.kubernetes_version = value.value("kubernetesVersion", spec.kubernetes_version);
    spec.load_balancer_image = value.value("loadBalancerImage", spec.load_balancer_image);
    spec.disable = value.value("disable", spec.disable);
    spec.cni = value.value("cni", std::string()) == "None" ? Cni::none : Cni::standard;
    for (const auto &mirror : value.value("registryMirrors", json::array()))
      spec.registry_mirrors.push_back(
          {mirror.value("host", std::string()), mirror.value("endpoints", std::vector<std::string>())});
    if (const auto registry = value.find("localRegistry"); registry != value.end())
      spec.local_registry = {registry->value("name", std::string()), registry->value("port", std::uint16_t{0})};
    spec.pod_subnet = value.value("podSubnet", spec.pod_subnet);
    spec.service_subnet = value.value("serviceSubnet", spec.service_subnet);
    spec.api_host_address = value.value("apiAddress", spec.api_host_address);
  } catch (const json::exception &e) {
    return Error(Code::failed_precondition, std::string("the label ksail.spec of the nodes cannot be read: ") + e.what());
  }
  return spec;
}

} // namespace ksail
