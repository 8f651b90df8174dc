// SPDX-License-Identifier: Apache-2.0
// The configuration texts of a kubeadm node. Pure. Shapes: kubeadm.k8s.io/v1beta4, kubelet.config.k8s.io/v1beta1,
// kubeproxy.config.k8s.io/v1alpha1.
#pragma once

#include "distributions/distribution.hpp"
#include "distributions/vanilla/credentials.hpp"
#include "distributions/vanilla/node_version.hpp"

#include <string>

namespace ksail::vanilla {

struct ConfigInput {
  ClusterSpec spec;
  HostFacts host;
  Version version;
  std::string endpoint;        ///< "dev-control-plane:6443"
  std::string bootstrap_token; ///< "abcdef.0123456789abcdef", random for each cluster
};

/// /kind/kubeadm.conf: what kubeadm inside the node works with, now and at upgrades.
std::string kubeadm_config(const ConfigInput &input, const NodeIdentity &node);
/// /var/lib/kubelet/config.yaml, as kubeadm would write it.
std::string kubelet_config(const ConfigInput &input);
/// /var/lib/kubelet/kubeadm-flags.env
std::string kubelet_flags(const NodeIdentity &node);
/// The pod network of a node in the shape in which the node images' own network agent writes it, so that nothing
/// changes when that agent takes over.
std::string cni_config(const std::string &pod_range);

} // namespace ksail::vanilla
