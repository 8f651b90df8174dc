// SPDX-License-Identifier: Apache-2.0
#include "distributions/load_balancer.hpp"

namespace ksail {

namespace {

constexpr int api_port = 6443;
constexpr const char *config_path = "/usr/local/etc/haproxy/haproxy.cfg";

// A watch may be silent for long; TCP keep-alive finds out about peers that are gone.
constexpr const char *config_head = R"(global
  log stdout format raw local0 notice
  maxconn 8192

defaults
  mode tcp
  log global
  option clitcpka
  option srvtcpka
  option redispatch
  retries 3
  timeout connect 2s
  timeout client 1h
  timeout server 1h
  timeout check 2s

frontend api
  bind *:6443
  default_backend control-planes

backend control-planes
  balance roundrobin
  option httpchk GET /version
  http-check expect rstatus ^(200|401|403)$
  default-server check check-ssl verify none inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
)";

} // namespace

std::string load_balancer_name(const ClusterSpec &spec) { return spec.name + "-" + std::string(load_balancer_role); }

ImageNeed load_balancer_image(const ClusterSpec &spec) {
  ImageNeed need;
  need.ref = spec.load_balancer_image.empty() ? std::string(default_load_balancer_image) : spec.load_balancer_image;
  if (spec.load_balancer_image.empty()) need.substitute_label = "ksail.node-image=load-balancer";
  return need;
}

std::string load_balancer_config(const std::vector<LoadBalancer::Member> &members) {
  std::string text = config_head;
  for (const auto &member : members)
    text += "  server " + member.name + " " + member.address + ":" + std::to_string(api_port) + "\n";
  return text;
}

NodeTemplate load_balancer_node(const LoadBalancer &balancer) {
  using nlohmann::json;
  NodeTemplate node;
  node.name = balancer.name;
  node.role = load_balancer_role;
  node.image = balancer.image;
  NodeFile config;
  config.path = config_path;
  config.content = load_balancer_config(balancer.members);
  node.files.push_back(std::move(config));
  node.settings = {{"hostname", balancer.name},
                   {"address", balancer.address},
                   {"restart", {{"policy", "unless-stopped"}}},
                   {"ports", json::array({{{"container", api_port},
                                           {"host", balancer.api_host_port},
                                           {"host_address", balancer.api_host_address},
                                           {"protocol", "tcp"}}})}};
  return node;
}

} // namespace ksail
