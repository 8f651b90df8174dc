// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/host_answer.hpp"

namespace ksail {

using nlohmann::json;

HostFacts parse_host(const json &answer) {
  HostFacts facts;
  const auto found = answer.find("host");
  if (found == answer.end() || !found->is_object()) return facts;
  facts.cgroup_version = found->value("cgroup_version", facts.cgroup_version);
  facts.cpus = found->value("cpus", facts.cpus);
  facts.arch = found->value("arch", facts.arch);
  facts.backing_filesystem = found->value("backing_filesystem", std::string());
  facts.rootless = found->value("rootless", false);
  return facts;
}

NetworkFacts parse_network(const json &answer) {
  NetworkFacts facts;
  const json made = answer.value("network", json::object());
  facts.name = made.value("name", std::string());
  facts.subnet = made.value("subnet", std::string());
  facts.gateway = made.value("gateway", std::string());
  return facts;
}

} // namespace ksail
