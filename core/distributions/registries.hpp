// SPDX-License-Identifier: Apache-2.0
// Where nodes pull images from: mirrors of registries, and the registry that clusters share. What is configured is the
// same for all distributions; each has its own way of saying it. Pure.
#pragma once

#include "distributions/distribution.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ksail {

/// The port on which a local registry answers in the networks of the clusters.
inline constexpr std::uint16_t registry_port = 5000;
/// Taken when `--local-registry` says neither name nor port.
inline constexpr std::string_view default_local_registry = "ksail-registry:5000";
inline constexpr std::string_view local_registry_image = "docker.io/library/registry:2.8.3";

/// "HOST=URL[,HOST=URL...]"; a host may be given several times. Code::usage says what is wrong with which part.
Result<std::vector<RegistryMirror>> parse_registry_mirrors(std::string_view text);
/// "NAME[:PORT]"; the port on this machine is 5000 unless it is given.
Result<LocalRegistry> parse_local_registry(std::string_view text);

/// The mirrors that were asked for, and the local registry under both of its names: "localhost:<port>", as who pushes
/// from this machine writes it, and "<name>:5000".
std::vector<RegistryMirror> effective_mirrors(const ClusterSpec &spec);

/// containerd: /etc/containerd/certs.d/<host>/hosts.toml.
/// https://github.com/containerd/containerd/blob/main/docs/hosts.md
std::string hosts_toml(const RegistryMirror &mirror);
std::vector<NodeFile> containerd_registry_files(const ClusterSpec &spec);
/// K3s: /etc/rancher/k3s/registries.yaml, or none. https://docs.k3s.io/installation/private-registry
std::vector<NodeFile> k3s_registry_files(const ClusterSpec &spec);

/// A step that asks every mirror and the local registry from within `node`, which has a shell and curl or wget, and
/// fails naming the one that does not answer. None where there is nothing to ask.
std::vector<BootstrapStep> registry_check_steps(const ClusterSpec &spec, const std::string &node);
/// What it runs; the URLs are its arguments. Ends with 1 and "<url>: <why>" when one does not answer in time.
std::string registry_check_script();

/// What the ConfigMap kube-public/local-registry-hosting holds under localRegistryHosting.v1.
/// https://github.com/kubernetes/enhancements/tree/master/keps/sig-cluster-lifecycle/generic/1755-communicating-a-local-registry
std::string local_registry_hosting(const LocalRegistry &registry);

} // namespace ksail
