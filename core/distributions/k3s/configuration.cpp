// SPDX-License-Identifier: Apache-2.0
#include "distributions/k3s/configuration.hpp"

namespace ksail::k3s {

namespace {

std::string quoted(const std::string &text) { return nlohmann::json(text).dump(); }

std::string list(const char *key, const std::vector<std::string> &items) {
  if (items.empty()) return {};
  std::string text = std::string(key) + ":\n";
  for (const auto &item : items)
    text += "  - " + quoted(item) + "\n";
  return text;
}

/// From 1.35 on the kubelet does not start on cgroup v1 unless it is told to.
std::string kubelet_arguments(const HostFacts &host, unsigned minor) {
  if (host.cgroup_version != 1 || minor < 35) return {};
  return list("kubelet-arg", {"fail-cgroupv1=false"});
}

/// By default rules are written at most once a second: a Service that just got its pod would be deaf that long.
std::string proxy_arguments() { return list("kube-proxy-arg", {"iptables-min-sync-period=100ms"}); }

std::string joined(const std::string &server) {
  return "server: " + quoted("https://" + server + ":" + std::to_string(api_port)) + "\n";
}

} // namespace

const std::vector<std::string> &bundled_components() {
  static const std::vector<std::string> names = {"coredns",       "servicelb",      "traefik",
                                                 "local-storage", "metrics-server", "runtimes"};
  return names;
}

std::string server_config(const ServerSettings &settings, const HostFacts &host, unsigned minor) {
  std::string text = std::string("token-file: ") + token_file + "\n";
  if (!settings.first)
    text += joined(settings.join);
  else if (settings.with_others)
    text += "cluster-init: true\n";
  text += list("tls-san", settings.names);
  text += list("disable", settings.disable);
  // The defaults of 20 requests a second make the controllers of a new cluster wait for themselves: five seconds until
  // nodes get a range of addresses for their pods.
  text += list("kube-controller-manager-arg", {"kube-api-qps=300", "kube-api-burst=600"}) + proxy_arguments();
  if (!settings.network) text += "flannel-backend: none\ndisable-network-policy: true\n";
  return text + kubelet_arguments(host, minor);
}

std::string agent_config(const std::string &server, const HostFacts &host, unsigned minor) {
  return std::string("token-file: ") + token_file + "\n" + joined(server) + proxy_arguments() +
         kubelet_arguments(host, minor);
}

std::string node_script(bool waits) {
  std::string text = R"sh(#!/bin/sh
if [ ! -x /bin/k3s ]; then
  echo 'this node image has no /bin/k3s: it does not keep the container contract of rancher/k3s' >&2
  exit 127
fi
# Volumes mounted later inside the node are to be seen by the pods that ask for it.
mount --make-rshared / || echo 'mounts cannot be shared: volumes with mount propagation will not work' >&2
)sh";
  if (waits)
    text += std::string("until [ -e ") + gate_file + R"sh( ]; do sleep 0.1 2>/dev/null || sleep 1; done
)sh";
  return text + "exec /bin/k3s \"$@\"\n";
}

std::string release_script() { return std::string(": >") + gate_file; }

std::string dns_script(unsigned seconds) {
  // An answer takes milliseconds; a question that was lost, because the Service's rules were still on their way, is
  // worth no more than the least that this image's timeout can wait.
  return "i=0\nanswer='no pod network'\nleast=0.4\ntimeout $least true 2>/dev/null || least=1\nwhile [ $i -lt " +
         std::to_string(seconds * 5) + R"sh( ]; do
  for ns in /var/run/netns/cni-*; do
    [ -e "$ns" ] || continue
    inside="nsenter --net=$ns"
    command -v nsenter >/dev/null 2>&1 || inside=
    answer=$($inside timeout $least nslookup kubernetes.default.svc.cluster.local )sh" +
         cluster_dns + R"sh( 2>&1) && exit 0
    break
  done
  i=$((i + 1))
  sleep 0.1 2>/dev/null || sleep 1
done
echo "last answer: $answer"
exit 1
)sh";
}

} // namespace ksail::k3s
