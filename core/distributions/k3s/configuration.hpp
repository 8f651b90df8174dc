// SPDX-License-Identifier: Apache-2.0
// What a K3s node reads before it starts. Keys of config.yaml are the flags of `k3s server` and `k3s agent`
// (https://docs.k3s.io/installation/configuration). Pure; the texts hold no secret.
#pragma once

#include "distributions/distribution.hpp"

#include <string>
#include <vector>

namespace ksail::k3s {

inline constexpr int api_port = 6443;
inline constexpr const char *token_file = "/etc/rancher/k3s/cluster-token";
inline constexpr const char *start_script = "/etc/rancher/ksail/start";
inline constexpr const char *gate_file = "/etc/rancher/ksail/go";
/// K3s' own default ranges; the tenth address of the second is the DNS Service's.
inline constexpr const char *cluster_dns = "10.43.0.10";

/// The bundled components that `--disable` takes away.
const std::vector<std::string> &bundled_components();

struct ServerSettings {
  bool first = true;              ///< the others join it
  bool with_others = false;       ///< more servers: the datastore is embedded etcd
  std::string join;               ///< host name or address of the first server
  std::vector<std::string> names; ///< further names and addresses of the API server's certificate
  std::vector<std::string> disable;
  bool network = true; ///< false: no pod network, to bring one's own
};

std::string server_config(const ServerSettings &settings, const HostFacts &host, unsigned minor);
std::string agent_config(const std::string &server, const HostFacts &host, unsigned minor);

/// Started in place of the image's own entrypoint, with `server` or `agent` as argument. Says what an image without the
/// contract lacks. A node that joins waits for the gate: K3s gives up, or asks only every few seconds, when the server
/// it joins does not answer yet. After that it starts by itself for good.
std::string node_script(bool waits);
/// Run inside a node: opens the gate.
std::string release_script();
/// Run inside the node of a DNS pod, from that pod's network where the image has nsenter: resolves kubernetes.default
/// through the DNS Service. Gives up after `seconds` and prints the last answer.
std::string dns_script(unsigned seconds);

} // namespace ksail::k3s
